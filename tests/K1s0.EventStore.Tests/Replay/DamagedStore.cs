using System.Runtime.CompilerServices;

namespace K1s0.EventStore.Tests;

/// <summary>A store in which some rows are no events: a page or a stream that holds one cannot be read.</summary>
internal sealed class DamagedStore(InMemoryEventStore store, params Position[] damaged) : IFeedReader, IStreamReader
{
    /// <summary>Whether the rows stand under another name: the feed of their stream passes them over.</summary>
    public bool IsRenamed { get; init; }

    public Task<StoreIdentity> GetIdentityAsync(CancellationToken cancellationToken = default) =>
        store.GetIdentityAsync(cancellationToken);

    public Task<Position> GetSettledBoundAsync(CancellationToken cancellationToken = default) =>
        store.GetSettledBoundAsync(cancellationToken);

    public Task<StreamHead> GetHeadAsync(StreamId streamId, CancellationToken cancellationToken = default) =>
        store.GetHeadAsync(streamId, cancellationToken);

    public async Task<FeedPage> ReadFeedPageAsync(
        Position after, FeedFilter? filter = null, int maxCount = 1_000, CancellationToken cancellationToken = default)
    {
        var page = await store.ReadFeedPageAsync(after, filter, maxCount, cancellationToken);
        return IsRenamed && filter?.StreamPrefix is not null
            ? page with { Events = [.. page.Events.Where(envelope => !damaged.Contains(envelope.Position))] }
            : page with { Events = Readable(page.Events) };
    }

    public async IAsyncEnumerable<EventEnvelope> ReadStreamAsync(
        StreamId streamId,
        ReadDirection direction = ReadDirection.Forward,
        StreamVersion? from = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        // As a store that fetches pages: what stands before the row is lost with it.
        var events = new List<EventEnvelope>();
        await foreach (var envelope in store.ReadStreamAsync(streamId, direction, from, cancellationToken))
        {
            events.Add(envelope);
        }

        foreach (var envelope in Readable(events))
        {
            yield return envelope;
        }
    }

    private IReadOnlyList<EventEnvelope> Readable(IReadOnlyList<EventEnvelope> events) =>
        events.FirstOrDefault(envelope => damaged.Contains(envelope.Position)) is { } first
            ? throw new EventUnreadableException(first.Position, first.RecordedAt, new FormatException("damaged"))
            : events;
}
