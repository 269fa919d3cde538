namespace K1s0.EventStore.Conformance;

/// <summary>A feed that insists on being asked with a filter, except for the one event at a checkpoint.</summary>
internal sealed class FilteringFeed(IFeedReader feed, FeedFilter expected) : IFeedReader
{
    public Task<StoreIdentity> GetIdentityAsync(CancellationToken cancellationToken = default) =>
        feed.GetIdentityAsync(cancellationToken);

    public Task<Position> GetSettledBoundAsync(CancellationToken cancellationToken = default) =>
        feed.GetSettledBoundAsync(cancellationToken);

    public Task<FeedPage> ReadFeedPageAsync(
        Position after,
        FeedFilter? filter = null,
        int maxCount = 1_000,
        CancellationToken cancellationToken = default)
    {
        (filter == expected || maxCount == 1).Should().BeTrue("the store filters, not the process");
        return feed.ReadFeedPageAsync(after, filter, maxCount, cancellationToken);
    }
}
