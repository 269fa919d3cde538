namespace K1s0.EventStore.Archive;

/// <summary>What the books of a store have taken over from its bucket. Immutable.</summary>
/// <param name="Manifest">The number of the last manifest, where the books are now; 0: the bucket has none.</param>
/// <param name="Batches">How many batches were taken over; 0 when they were before.</param>
/// <param name="Events">How many events they have.</param>
public sealed record ArchiveAdoptionReport(long Manifest, int Batches, long Events)
{
    /// <summary>How many batches of a lost timeline are listed no more. Their objects stay.</summary>
    public int Removed { get; init; }
}
