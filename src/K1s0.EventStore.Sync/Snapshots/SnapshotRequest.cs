namespace K1s0.EventStore.Sync.Snapshots;

/// <summary>Which snapshot a session is to take.</summary>
internal sealed record SnapshotRequest(string Name, int SchemaVersion, long MaxBytes);
