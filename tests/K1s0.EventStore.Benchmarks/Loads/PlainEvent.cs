using Npgsql;

namespace K1s0.EventStore.Benchmarks.Loads;

/// <summary>What a hand-written reader makes of a row.</summary>
internal sealed record PlainEvent(
    long Version,
    long Position,
    Guid Id,
    string Type,
    int SchemaVersion,
    DateTime OccurredAt,
    DateTime RecordedAt,
    Guid? PreviousId,
    byte[] Digest,
    byte[] Link,
    byte[] Metadata,
    byte[] Payload)
{
    /// <summary>Reads the columns of a row, in the order that all statements have.</summary>
    public static PlainEvent Read(NpgsqlDataReader reader) =>
        new(
            reader.GetInt64(0),
            reader.GetInt64(1),
            reader.GetGuid(2),
            reader.GetString(3),
            reader.GetInt32(4),
            reader.GetDateTime(5),
            reader.GetDateTime(6),
            reader.IsDBNull(7) ? null : reader.GetGuid(7),
            reader.GetFieldValue<byte[]>(8),
            reader.GetFieldValue<byte[]>(9),
            reader.GetFieldValue<byte[]>(10),
            reader.GetFieldValue<byte[]>(11));
}
