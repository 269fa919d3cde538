namespace K1s0.EventStore.Archive.Tests;

/// <summary>The feed of a store in which an append that has not ended holds the bound back.</summary>
internal sealed class HeldBackFeed(IFeedReader feed) : IFeedReader
{
    /// <summary>Where the bound is held; null when nobody holds it.</summary>
    public Position? Held { get; set; }

    public Task<StoreIdentity> GetIdentityAsync(CancellationToken cancellationToken = default) =>
        feed.GetIdentityAsync(cancellationToken);

    public async Task<Position> GetSettledBoundAsync(CancellationToken cancellationToken = default) =>
        Cut(await feed.GetSettledBoundAsync(cancellationToken));

    public Task<Position> GetLastPositionAsync(CancellationToken cancellationToken = default) =>
        feed.GetLastPositionAsync(cancellationToken);

    public async Task<FeedPage> ReadFeedPageAsync(
        Position after,
        FeedFilter? filter = null,
        int maxCount = 1_000,
        CancellationToken cancellationToken = default)
    {
        var page = await feed.ReadFeedPageAsync(after, filter, maxCount, cancellationToken);
        return page with
        {
            Events = [.. page.Events.Where(envelope => envelope.Position == Cut(envelope.Position))],
            ReadTo = Cut(page.ReadTo),
            SettledBound = Cut(page.SettledBound),
        };
    }

    private Position Cut(Position position) => Held < position ? Held.Value : position;
}
