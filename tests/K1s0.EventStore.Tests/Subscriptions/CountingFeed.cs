namespace K1s0.EventStore.Tests;

/// <summary>A feed that counts how often a page is asked for, and waits or fails when a test says so.</summary>
internal sealed class CountingFeed(IFeedReader feed) : IFeedReader
{
    private int _asked;
    private int _atGate;

    public int Asked => Volatile.Read(ref _asked);

    public Exception? Failure { get; set; }

    /// <summary>What each question waits for; none when null.</summary>
    public TaskCompletionSource? Gate { get; set; }

    public async Task AtGateAsync(int count, CancellationToken cancellationToken)
    {
        while (Volatile.Read(ref _atGate) < count)
        {
            cancellationToken.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    public async Task AskedAsync(int count, CancellationToken cancellationToken)
    {
        while (Asked < count)
        {
            cancellationToken.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

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
        await Task.Yield();
        if (Gate is { } gate)
        {
            Interlocked.Increment(ref _atGate);
            await gate.Task.WaitAsync(cancellationToken);
        }

        var page = Failure is { } failure
            ? throw failure
            : await feed.ReadFeedPageAsync(after, filter, maxCount, cancellationToken);
        Interlocked.Increment(ref _asked);
        return page;
    }
}
