namespace K1s0.EventStore.Archive;

/// <summary>How far a verification or a rebuild is.</summary>
/// <param name="Batches">Batches that are done.</param>
/// <param name="OfBatches">Batches in all.</param>
/// <param name="Events">Events in those that are done.</param>
public readonly record struct RecoveryProgress(int Batches, int OfBatches, long Events);
