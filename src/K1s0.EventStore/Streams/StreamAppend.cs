namespace K1s0.EventStore;

/// <summary>The part of an append that goes to one stream.</summary>
/// <param name="StreamId">The stream.</param>
/// <param name="Events">The events in order, all of this stream, at least one.</param>
/// <param name="Expected">What must be true of the stream.</param>
public sealed record StreamAppend(
    StreamId StreamId, IReadOnlyList<EventEnvelope> Events, ExpectedVersion Expected = default);
