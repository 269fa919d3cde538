namespace K1s0.EventStore.Archive;

/// <summary>What the books of a store have taken over from its bucket. Immutable.</summary>
/// <param name="Manifest">The number of the last manifest, where the books are now; 0: the bucket has none.</param>
/// <param name="Batches">How many batches were taken over; 0 when they were before.</param>
/// <param name="Events">How many events they have.</param>
public sealed record ArchiveAdoptionReport(long Manifest, int Batches, long Events)
{
    /// <summary>How many batches of a lost timeline are listed no more. Their objects stay.</summary>
    public int Removed { get; init; }

    /// <summary>
    /// How many batches were listed again though their events left the database and are nowhere else: their objects
    /// are gone or damaged, and so is what another timeline made of them. They stay listed, and reads of their
    /// positions end with an exception: <see cref="ArchiveVerifier"/> names their keys, and an object that is brought
    /// back under its key is read again. Counted once, by the adoption that lists them.
    /// </summary>
    public int Missing { get; init; }
}
