namespace K1s0.EventStore;

/// <summary>A stretch of the feed: the events that a subscription wants, and where the stretch ends.</summary>
internal sealed record FeedStretch(IReadOnlyList<EventEnvelope> Events, LowWaterMark End);
