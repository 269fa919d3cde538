namespace K1s0.EventStore.Postgres;

/// <summary>A projection that was rebuilt.</summary>
/// <param name="Events">How many events the new tables are made of.</param>
/// <param name="Position">The last position that they were made of when they came into use.</param>
public sealed record RebuildResult(long Events, Position Position)
{
    /// <summary>
    /// What it cost to read from the archive, for building and for verifying, by this rebuilder so far; null when all
    /// came from the database.
    /// </summary>
    public ArchiveScan? Archive { get; init; }
}
