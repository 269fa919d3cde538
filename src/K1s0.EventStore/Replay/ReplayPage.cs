namespace K1s0.EventStore;

/// <summary>Events that a selection may want, and how far all was looked through.</summary>
/// <param name="Events">The events.</param>
/// <param name="ReadTo">How far all was looked through.</param>
/// <param name="Unreadable">What stands alone at the end of the page and is no event; usually null.</param>
internal sealed record ReplayPage(
    IReadOnlyList<EventEnvelope> Events, Position ReadTo, EventUnreadableException? Unreadable = null);
