using System.Text.Json;

namespace K1s0.EventStore.Sync;

/// <summary>
/// The event in which the authority says which events it has accepted, and in which order. It is an event like others,
/// in the log of the authority, and so reaches every replica; who could write it elsewhere could forge that log.
/// </summary>
/// <remarks>
/// The payload is <c>{"accepted":[["replica id",incarnation,sequence],...]}</c>, at most 1,024 entries.
/// </remarks>
public static class AuthorityStamp
{
    /// <summary>The type of the event: <c>k1s0-sync-accepted</c>.</summary>
    public const string EventType = "k1s0-sync-accepted";

    /// <summary>The most events that one stamp accepts: 1,024.</summary>
    public const int MaxAccepted = 1_024;

    private const string Accepted = "accepted";

    /// <summary>A stamp, for <see cref="Replica.Write"/> of the authority.</summary>
    /// <param name="authority">The authority.</param>
    /// <param name="accepted">The events, first accepted first; at most <see cref="MaxAccepted"/>.</param>
    /// <param name="timeProvider">Where the time comes from; the system's clock when null.</param>
    public static EventEnvelope Create(
        ReplicaId authority, IReadOnlyCollection<Dot> accepted, TimeProvider? timeProvider = null)
    {
        ArgumentNullException.ThrowIfNull(accepted);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(accepted.Count, MaxAccepted, nameof(accepted));
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteStartArray(Accepted);
            foreach (var dot in accepted)
            {
                json.WriteStartArray();
                json.WriteStringValue(dot.Origin.Replica.ToString());
                json.WriteNumberValue(dot.Origin.Incarnation);
                json.WriteNumberValue(dot.Sequence);
                json.WriteEndArray();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return EventEnvelope.Create(
            new StreamId("k1s0-sync-authority", authority.ToString()),
            EventType,
            buffer.WrittenMemory,
            timeProvider: timeProvider);
    }

    /// <summary>The events that a stamp accepts; none when it cannot be read, as an event is never refused.</summary>
    internal static IReadOnlyList<Dot> Read(EventEnvelope envelope)
    {
        try
        {
            return [.. envelope.Payload.GetProperty(Accepted).EnumerateArray().Take(MaxAccepted).Select(Dot)];
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException
            or FormatException or OverflowException or IndexOutOfRangeException or ArgumentException)
        {
            return [];
        }
    }

    private static Dot Dot(JsonElement entry) => new(
        new Origin(ReplicaId.Parse(entry[0].GetString() ?? string.Empty), entry[1].GetUInt64()), entry[2].GetInt64());
}
