namespace K1s0.EventStore;

/// <summary>A page of the feed.</summary>
/// <param name="Events">The events that the filter let through, in the order of their positions.</param>
/// <param name="ReadTo">
/// How far the feed has been looked through, events that the filter held back included: where to continue, and what to
/// remember as the checkpoint.
/// </param>
/// <param name="SettledBound">
/// The settled bound that the page was read under. Equal to <paramref name="ReadTo"/> at the end.
/// </param>
public sealed record FeedPage(IReadOnlyList<EventEnvelope> Events, Position ReadTo, Position SettledBound)
{
    /// <summary>The most events that one page may be asked for: 10,000.</summary>
    public const int MaxEvents = 10_000;

    /// <summary>What it cost to read the page from the archive; null when it came from the database alone.</summary>
    public ArchiveScan? Archive { get; init; }

    /// <summary>Whether there is nothing behind this page at the moment.</summary>
    public bool IsAtEnd => ReadTo >= SettledBound;
}
