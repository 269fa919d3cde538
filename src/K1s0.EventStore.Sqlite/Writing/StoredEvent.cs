using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Sqlite;

/// <summary>Where an event is, and what it contains.</summary>
internal sealed record StoredEvent(long Version, long Position, long RecordedAt, Sha256Digest ContentDigest);
