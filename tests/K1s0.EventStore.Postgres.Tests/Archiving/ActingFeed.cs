namespace K1s0.EventStore.Postgres.Tests.Archiving;

/// <summary>A feed that does something before one of its pages is read.</summary>
internal sealed class ActingFeed(IFeedReader feed, int beforePage, Func<Task> act) : IFeedReader
{
    private int _pages;

    public Task<StoreIdentity> GetIdentityAsync(CancellationToken cancellationToken = default) =>
        feed.GetIdentityAsync(cancellationToken);

    public Task<Position> GetSettledBoundAsync(CancellationToken cancellationToken = default) =>
        feed.GetSettledBoundAsync(cancellationToken);

    public async Task<FeedPage> ReadFeedPageAsync(
        Position after, FeedFilter? filter = null, int maxCount = 1_000, CancellationToken cancellationToken = default)
    {
        if (Interlocked.Increment(ref _pages) == beforePage)
        {
            await act();
        }

        return await feed.ReadFeedPageAsync(after, filter, maxCount, cancellationToken);
    }
}
