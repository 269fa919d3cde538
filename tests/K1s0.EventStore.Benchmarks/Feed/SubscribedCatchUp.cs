using K1s0.EventStore.Benchmarks.Comparing;
using K1s0.EventStore.Benchmarks.Servers;

namespace K1s0.EventStore.Benchmarks.Feed;

/// <summary>Runs a new subscription from a position to the end of the feed.</summary>
internal sealed class SubscribedCatchUp(BenchmarkDatabase database, Position after, int least) : IWorker
{
    private readonly LiveFeed _live = new(database.Feed);

    public async Task<int> StepAsync()
    {
        var handler = new Counter();
        var subscription = new Subscription(
            $"catch-up-{Guid.CreateVersion7():N}",
            handler,
            _live,
            database.Checkpoints,
            new SubscriptionOptions { Start = SubscriptionStart.After(after), End = SubscriptionEnd.SettledBound });
        await subscription.RunAsync();
        return handler.Count >= least
            ? handler.Count
            : throw new InvalidOperationException($"Handled {handler.Count} events instead of {least}.");
    }

    public ValueTask DisposeAsync()
    {
        _live.Dispose();
        return ValueTask.CompletedTask;
    }

    // One lane, so nobody else counts.
    private sealed class Counter : ISubscriptionHandler
    {
        public int Count { get; private set; }

        public ValueTask HandleAsync(EventEnvelope envelope, CancellationToken cancellationToken)
        {
            Count += envelope.Version > 0 ? 1 : 0;
            return ValueTask.CompletedTask;
        }
    }
}
