using System.Text.Json;

namespace K1s0.EventStore.Benchmarks.Rebuilds;

/// <summary>What both sides make of an event: the sum of the cents of its lines.</summary>
internal static class OrderAmount
{
    public static long Of(ReadOnlySpan<byte> payload)
    {
        var reader = new Utf8JsonReader(payload);
        var total = 0L;
        while (reader.Read())
        {
            if (reader.TokenType is JsonTokenType.PropertyName && reader.ValueTextEquals("cents"u8) && reader.Read())
            {
                total += reader.GetInt64();
            }
        }

        return total;
    }
}
