namespace K1s0.EventStore.Samples.Tests.Doubles;

/// <summary>A feed that does not tell the truth: each event as the change makes it, or not at all.</summary>
internal sealed class ChangedFeed(IFeedReader feed, Func<EventEnvelope, EventEnvelope?> change) : IFeedReader
{
    public Task<StoreIdentity> GetIdentityAsync(CancellationToken cancellationToken = default) =>
        feed.GetIdentityAsync(cancellationToken);

    public Task<Position> GetSettledBoundAsync(CancellationToken cancellationToken = default) =>
        feed.GetSettledBoundAsync(cancellationToken);

    public async Task<FeedPage> ReadFeedPageAsync(
        Position after,
        FeedFilter? filter = null,
        int maxCount = 1_000,
        CancellationToken cancellationToken = default)
    {
        var page = await feed.ReadFeedPageAsync(after, filter, maxCount, cancellationToken);
        return page with { Events = [.. page.Events.Select(change).OfType<EventEnvelope>()] };
    }
}
