namespace K1s0.EventStore;

/// <summary>Events that a selection may want, and how far all was looked through.</summary>
/// <param name="Events">The events.</param>
/// <param name="ReadTo">How far all was looked through.</param>
/// <param name="Unreadable">What stands alone at the end of the page and is no event; usually null.</param>
/// <param name="Archive">What it cost to read the page from the archive; null when it came from elsewhere.</param>
internal sealed record ReplayPage(
    IReadOnlyList<EventEnvelope> Events,
    Position ReadTo,
    EventUnreadableException? Unreadable = null,
    ArchiveScan? Archive = null);
