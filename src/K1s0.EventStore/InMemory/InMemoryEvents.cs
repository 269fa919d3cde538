namespace K1s0.EventStore;

/// <summary>
/// The events of a store in memory, in the order of the feed, by stream and by id. Not thread-safe: the store's lock
/// guards it.
/// </summary>
internal sealed class InMemoryEvents
{
    /// <summary>Position p of the feed is element p - 1.</summary>
    public List<EventEnvelope> Feed { get; } = [];

    public Dictionary<StreamId, List<EventEnvelope>> Streams { get; } = [];

    public Dictionary<Guid, EventEnvelope> ById { get; } = [];

    /// <summary>Adds the next event of the feed, which is the next one of its stream.</summary>
    public void Add(EventEnvelope envelope)
    {
        Feed.Add(envelope);
        ById.Add(envelope.Id, envelope);
        if (!Streams.TryGetValue(envelope.StreamId, out var stream))
        {
            Streams.Add(envelope.StreamId, stream = []);
        }

        stream.Add(envelope);
    }

    public IReadOnlyList<EventEnvelope> Stream(StreamId streamId) =>
        Streams.TryGetValue(streamId, out var stream) ? stream : [];

    public StreamHead Head(StreamId streamId) =>
        Stream(streamId) is [.., var last]
            ? new StreamHead(streamId, new StreamVersion(last.Version), last.Id, last.ChainHash)
            : StreamHead.Empty(streamId);
}
