namespace K1s0.EventStore;

/// <summary>Which event a report of a replay speaks of; never its payload.</summary>
/// <param name="Id">The id of the event; empty when what is stored cannot be read as an event.</param>
/// <param name="StreamId">Its stream; null when it cannot be read.</param>
/// <param name="Version">Its place in the stream; 0 when it cannot be read.</param>
/// <param name="EventType">Its type; null when it cannot be read.</param>
/// <param name="Place">Its place in the feed.</param>
public sealed record ReplayedEvent(Guid Id, StreamId? StreamId, long Version, string? EventType, ReplayPlace Place)
{
    internal static ReplayedEvent Of(EventEnvelope envelope) => new(
        envelope.Id, envelope.StreamId, envelope.Version, envelope.EventType, ReplayPlace.Of(envelope));

    internal static ReplayedEvent Of(EventUnreadableException unreadable) => new(
        Guid.Empty, StreamId: null, Version: 0, EventType: null, ReplayPlace.Of(unreadable));
}
