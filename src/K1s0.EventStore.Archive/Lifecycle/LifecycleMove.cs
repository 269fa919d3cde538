namespace K1s0.EventStore.Archive;

/// <summary>A batch that moves to another class.</summary>
/// <param name="Key">The key of its object.</param>
/// <param name="Bytes">The length of its object.</param>
/// <param name="From">Where it lies.</param>
/// <param name="To">The step that it goes to.</param>
public sealed record LifecycleMove(ObjectKey Key, long Bytes, StorageClass From, LifecycleStep To);
