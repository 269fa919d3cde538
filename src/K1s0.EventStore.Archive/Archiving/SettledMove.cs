namespace K1s0.EventStore.Archive;

/// <summary>The books are to go over from some of their batches to one that is listed with their events.</summary>
internal sealed record SettledMove(IReadOnlyList<BatchEntry> From, ManifestBatch To);
