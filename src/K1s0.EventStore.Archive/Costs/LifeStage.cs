namespace K1s0.EventStore.Archive;

/// <summary>A part of the life of an object.</summary>
/// <param name="StorageClass">Where it lies.</param>
/// <param name="Days">For how many days.</param>
public sealed record LifeStage(StorageClass StorageClass, decimal Days);
