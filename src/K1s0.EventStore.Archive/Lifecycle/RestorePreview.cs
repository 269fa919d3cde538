namespace K1s0.EventStore.Archive;

/// <summary>What a restore would do.</summary>
/// <param name="Batches">How many batches hold events of the time.</param>
/// <param name="ToRestore">How many of them have to be restored.</param>
/// <param name="Bytes">The length of those in bytes.</param>
/// <param name="Estimate">How long it takes in the worst case.</param>
/// <param name="Cost">What restoring and reading them once costs, in the currency of the prices.</param>
public sealed record RestorePreview(int Batches, int ToRestore, long Bytes, TimeSpan Estimate, decimal Cost);
