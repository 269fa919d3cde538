namespace K1s0.EventStore.Archive;

/// <summary>What a run of the lifecycle has done. Immutable.</summary>
/// <param name="Moved">The batches that moved.</param>
/// <param name="CompactedFrom">How many batches were made into larger ones.</param>
/// <param name="CompactedInto">How many larger ones.</param>
/// <param name="Removed">How many objects that nobody lists any more were removed.</param>
/// <param name="Rest">What is left to do and where it stands, after the run.</param>
public sealed record LifecycleReport(
    IReadOnlyList<LifecycleMove> Moved, int CompactedFrom, int CompactedInto, int Removed, LifecyclePlan Rest)
{
    /// <summary>How many batches moved to the warm tier.</summary>
    public int MovedToWarm => Moved.Count(move => move.To.Tier is ArchiveTier.Warm);

    /// <summary>How many batches moved to the cold tier, or to a colder class of it.</summary>
    public int MovedToCold => Moved.Count(move => move.To.Tier is ArchiveTier.Cold);

    /// <summary>How much less storage costs now than uncompressed in the standard class, in percent.</summary>
    public decimal SavingPercent => Rest.SavingPercent;
}
