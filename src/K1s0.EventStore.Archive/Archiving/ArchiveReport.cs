namespace K1s0.EventStore.Archive;

/// <summary>What a run did.</summary>
/// <param name="IsLeader">Whether it had the lease; if not, it did nothing.</param>
/// <param name="Batches">How many batches it verified.</param>
/// <param name="Events">How many events they have.</param>
/// <param name="ContentBytes">The bytes of their lines.</param>
/// <param name="StoredBytes">The bytes of their objects.</param>
/// <param name="FailedAttempts">How many attempts came to nothing and were made again.</param>
/// <param name="PrunedMonths">The months that left the database, by their first moments.</param>
/// <param name="Obstacle">Why the next month did not leave; null when all that were due did.</param>
/// <param name="Pruned">Up to which position events are read from the archive.</param>
public sealed record ArchiveReport(
    bool IsLeader,
    int Batches,
    long Events,
    long ContentBytes,
    long StoredBytes,
    int FailedAttempts,
    IReadOnlyList<DateTimeOffset> PrunedMonths,
    EventStoreException? Obstacle,
    Position Pruned)
{
    /// <summary>
    /// How many batches were made anew, because their objects were damaged before their events had left.
    /// </summary>
    public int Replaced { get; init; }
}
