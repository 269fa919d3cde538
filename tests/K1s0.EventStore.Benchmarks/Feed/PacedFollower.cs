namespace K1s0.EventStore.Benchmarks.Feed;

/// <summary>A follower that asks at fixed times only.</summary>
internal sealed class PacedFollower(IFollower inner, TimeSpan interval) : IFollower
{
    private readonly PeriodicTimer _timer = new(interval);

    public async Task<IReadOnlyList<Guid>> PollAsync()
    {
        await _timer.WaitForNextTickAsync();
        return await inner.PollAsync();
    }

    public ValueTask DisposeAsync()
    {
        _timer.Dispose();
        return inner.DisposeAsync();
    }
}
