using K1s0.EventStore.Sync.Snapshots;

namespace K1s0.EventStore.Sync.Simulation;

/// <summary>What a caller wants of a session.</summary>
/// <param name="Checkpoint">The point that it offers.</param>
/// <param name="Link">Measures the link; null when it does not follow it.</param>
/// <param name="Snapshot">The snapshot that it wants to take; null for rounds.</param>
/// <param name="Ended">Called when its side is over.</param>
internal sealed record SessionWish(
    VectorClock? Checkpoint,
    LinkMeter? Link = null,
    SnapshotRequest? Snapshot = null,
    Action<SimulatedConnection>? Ended = null);
