namespace K1s0.EventStore.Conformance;

/// <summary>A feed whose pages cannot be read when a test says so.</summary>
internal sealed class FailingFeed(IFeedReader feed, Func<bool> isBroken) : IFeedReader
{
    public Task<StoreIdentity> GetIdentityAsync(CancellationToken cancellationToken = default) =>
        feed.GetIdentityAsync(cancellationToken);

    public Task<Position> GetSettledBoundAsync(CancellationToken cancellationToken = default) =>
        feed.GetSettledBoundAsync(cancellationToken);

    public Task<FeedPage> ReadFeedPageAsync(
        Position after,
        FeedFilter? filter = null,
        int maxCount = 1_000,
        CancellationToken cancellationToken = default) =>
        isBroken()
            ? throw new StoreUnavailableException("broken by the test")
            : feed.ReadFeedPageAsync(after, filter, maxCount, cancellationToken);
}
