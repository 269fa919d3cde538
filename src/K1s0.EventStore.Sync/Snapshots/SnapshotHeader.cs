namespace K1s0.EventStore.Sync.Snapshots;

/// <summary>What a manifest says before its chunks.</summary>
internal sealed record SnapshotHeader(
    string Name, int SchemaVersion, long EntryCount, IReadOnlyList<OriginHead> Heads);
