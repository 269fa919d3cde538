namespace K1s0.EventStore.Tests;

/// <summary>A feed that shows less than before, for as many questions for its bound as a test says.</summary>
internal sealed class LaggingFeed(InMemoryEventStore store) : IFeedReader
{
    private Position _bound;
    private int _left;

    /// <summary>How often the bound was asked for.</summary>
    public int BoundsAsked { get; private set; }

    /// <summary>The last position that was ever given out; the store's own when null.</summary>
    public Position? LastPosition { get; set; }

    public void Lag(Position bound, int questions) => (_bound, _left) = (bound, questions);

    public Task<StoreIdentity> GetIdentityAsync(CancellationToken cancellationToken = default) =>
        store.GetIdentityAsync(cancellationToken);

    public Task<Position> GetSettledBoundAsync(CancellationToken cancellationToken = default)
    {
        BoundsAsked++;
        return _left-- > 0 ? Task.FromResult(_bound) : store.GetSettledBoundAsync(cancellationToken);
    }

    public Task<Position> GetLastPositionAsync(CancellationToken cancellationToken = default) =>
        LastPosition is { } last ? Task.FromResult(last) : store.GetSettledBoundAsync(cancellationToken);

    public async Task<FeedPage> ReadFeedPageAsync(
        Position after, FeedFilter? filter = null, int maxCount = 1_000, CancellationToken cancellationToken = default)
    {
        var page = await store.ReadFeedPageAsync(after, filter, maxCount, cancellationToken);
        return _left > 0
            ? new FeedPage(
                [.. page.Events.TakeWhile(envelope => envelope.Position <= _bound)],
                after > _bound ? after : _bound,
                _bound)
            : page;
    }
}
