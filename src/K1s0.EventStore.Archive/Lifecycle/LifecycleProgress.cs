namespace K1s0.EventStore.Archive;

/// <summary>How far a run of the lifecycle is.</summary>
/// <param name="Compacted">Groups that became one batch.</param>
/// <param name="Removed">Objects that were removed.</param>
/// <param name="Moved">Batches that moved.</param>
public readonly record struct LifecycleProgress(int Compacted, int Removed, int Moved);
