namespace K1s0.EventStore.Tests;

/// <summary>A feed in which the bytes of one event were changed, or that is away for a while before each page.</summary>
internal sealed class TamperedFeed(IFeedReader feed, Guid changed = default) : IFeedReader
{
    private int _failures;

    public int FailuresAPage { get; init; }

    public Task<StoreIdentity> GetIdentityAsync(CancellationToken cancellationToken = default) =>
        feed.GetIdentityAsync(cancellationToken);

    public Task<Position> GetSettledBoundAsync(CancellationToken cancellationToken = default) =>
        feed.GetSettledBoundAsync(cancellationToken);

    public async Task<FeedPage> ReadFeedPageAsync(
        Position after, FeedFilter? filter = null, int maxCount = 1_000, CancellationToken cancellationToken = default)
    {
        if (_failures++ < FailuresAPage)
        {
            throw new StoreUnavailableException("The store is away.", new TimeoutException());
        }

        _failures = 0;
        var page = await feed.ReadFeedPageAsync(after, filter, maxCount, cancellationToken);
        return page with
        {
            Events =
            [
                .. page.Events.Select(envelope => envelope.Id == changed
                    ? envelope with { PayloadUtf8 = """{"number":666}"""u8.ToArray() }
                    : envelope),
            ],
        };
    }
}
