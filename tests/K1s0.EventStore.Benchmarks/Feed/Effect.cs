using K1s0.EventStore.Benchmarks.Servers;
using Npgsql;

namespace K1s0.EventStore.Benchmarks.Feed;

/// <summary>What both sides do with an event: one row.</summary>
internal static class Effect
{
    public static async Task WriteAsync(Guid consumer, Guid eventId, NpgsqlTransaction transaction)
    {
        await using var command = new NpgsqlCommand(
            PlainSql.Get("insert_effect"), transaction.Connection, transaction);
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = consumer });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = eventId });
        await command.PrepareAsync();
        await command.ExecuteNonQueryAsync();
    }
}
