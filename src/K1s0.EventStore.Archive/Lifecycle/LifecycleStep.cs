namespace K1s0.EventStore.Archive;

/// <summary>From which age on batches lie where.</summary>
/// <param name="Tier">The tier.</param>
/// <param name="FromAge">The age of a batch's last event.</param>
/// <param name="StorageClass">The class of the tier.</param>
public sealed record LifecycleStep(ArchiveTier Tier, TimeSpan FromAge, StorageClass StorageClass);
