namespace K1s0.EventStore.Tests;

/// <summary>A copy of a store whose every part can be changed: the events, in the order of the feed, and the books.</summary>
internal sealed class TamperedCopy : IFeedReader, IStreamReader, IEventStore, IStreamCatalog
{
    public List<EventEnvelope> Feed { get; private init; } = [];

    public List<CatalogEntry> Books { get; private init; } = [];

    public int PagesRead { get; private set; }

    /// <summary>Reading throws where one of these would come.</summary>
    public ICollection<EventEnvelope> Unreadable { get; } = [];

    /// <summary>What is answered to the next questions for the settled bound, before it is the last event.</summary>
    public Queue<Position> Bounds { get; } = [];

    /// <summary>The last position that was given out; that of the last event when null.</summary>
    public Position? LastPosition { get; set; }

    public int BoundsAsked { get; private set; }

    // No feed goes beyond what was given out.
    private Position End => Feed.Select(envelope => envelope.Position)
        .Where(position => LastPosition is null || position <= LastPosition).DefaultIfEmpty().Max();

    public static async Task<TamperedCopy> OfAsync(InMemoryEventStore store) => new()
    {
        Feed = [.. (await store.ReadFeedPageAsync(Position.Start, maxCount: FeedPage.MaxEvents)).Events],
        Books = [.. await store.ListStreamsAsync(maxCount: IStreamCatalog.MaxStreams)],
    };

    /// <summary>Makes the positions count again, so that the feed is in the order of the list.</summary>
    public void Renumber()
    {
        for (var i = 0; i < Feed.Count; i++)
        {
            Feed[i] = Feed[i] with { Position = new Position(i + 1) };
        }
    }

    /// <summary>Makes the books say what the events do.</summary>
    public void Rebook()
    {
        Books.Clear();
        Books.AddRange(Feed.GroupBy(envelope => envelope.StreamId).Select(stream => stream.Last()).Select(
            last => new CatalogEntry(
                new StreamHead(last.StreamId, new StreamVersion(last.Version), last.Id, last.ChainHash), last.Version)));
    }

    public Task<Position> GetSettledBoundAsync(CancellationToken cancellationToken = default)
    {
        BoundsAsked++;
        return Task.FromResult(Bounds.TryDequeue(out var bound) ? bound : End);
    }

    public Task<Position> GetLastPositionAsync(CancellationToken cancellationToken = default) =>
        Task.FromResult(LastPosition ?? End);

    public Task<FeedPage> ReadFeedPageAsync(
        Position after, FeedFilter? filter = null, int maxCount = 1_000, CancellationToken cancellationToken = default)
    {
        PagesRead++;
        EventEnvelope[] events =
        [
            .. Feed.Where(envelope => envelope.Position > after && envelope.Position <= End)
                .OrderBy(envelope => envelope.Position).Take(maxCount),
        ];
        return Task.FromResult(new FeedPage(Readable(events), events.Length == maxCount ? events[^1].Position : End, End));
    }

    public async IAsyncEnumerable<EventEnvelope> ReadStreamAsync(
        StreamId streamId,
        ReadDirection direction = ReadDirection.Forward,
        StreamVersion? from = null,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        foreach (var envelope in await LoadAsync(streamId, from?.Value ?? 0, cancellationToken: cancellationToken))
        {
            yield return envelope;
        }
    }

    public Task<IReadOnlyList<EventEnvelope>> LoadAsync(
        StreamId streamId, long fromVersion = 0, long? toVersion = null, CancellationToken cancellationToken = default) =>
        Task.FromResult<IReadOnlyList<EventEnvelope>>(Readable(
        [
            .. Feed.Where(envelope => envelope.StreamId == streamId && envelope.Version >= fromVersion
                && envelope.Version <= (toVersion ?? long.MaxValue)).OrderBy(envelope => envelope.Version),
        ]));

    public Task<IReadOnlyList<CatalogEntry>> ListStreamsAsync(
        StreamId? after = null, int maxCount = 1_000, CancellationToken cancellationToken = default) =>
        Task.FromResult<IReadOnlyList<CatalogEntry>>(
            [.. Books.SkipWhile(entry => after is not null && entry.Head.StreamId != after).Skip(after is null ? 0 : 1)
                .Take(maxCount)]);

    public Task<StreamHead> GetHeadAsync(StreamId streamId, CancellationToken cancellationToken = default) =>
        Task.FromResult(Books.Single(entry => entry.Head.StreamId == streamId).Head);

    public Task<StoreIdentity> GetIdentityAsync(CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    public Task<bool> ExistsAsync(StreamId streamId, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    public Task<AppendResult> AppendAsync(
        StreamId streamId,
        IEnumerable<EventEnvelope> events,
        long? expectedVersion = null,
        CancellationToken cancellationToken = default) => throw new NotSupportedException();

    private EventEnvelope[] Readable(EventEnvelope[] events) => events.Any(Unreadable.Contains)
        ? throw new StoreOperationException("This is no event.", new InvalidDataException())
        : events;
}
