using K1s0.EventStore.Integrity;
using Npgsql;

namespace K1s0.EventStore.Postgres;

/// <summary>Where an event with a given id is stored.</summary>
internal sealed record StoredEvent(Guid EventId, long Version, long Position, DateTimeOffset RecordedAt,
    Sha256Digest ContentDigest)
{
    public static StoredEvent Of(EventEnvelope envelope) => new(
        envelope.Id, envelope.Version, envelope.Position.Value, envelope.RecordedAt, envelope.ContentDigest);

    public static StoredEvent Read(NpgsqlDataReader reader) => new(
        reader.GetGuid(0),
        reader.GetInt64(3),
        reader.GetInt64(4),
        reader.GetFieldValue<DateTimeOffset>(5),
        new Sha256Digest(reader.GetFieldValue<byte[]>(6)));
}
