using K1s0.EventStore.Benchmarks.Comparing;

namespace K1s0.EventStore.Benchmarks.Feed;

/// <summary>Reads the feed from a position to its end, as a new projection does.</summary>
internal sealed class OurCatchUp(IFeedReader feed, Position after, int least) : IWorker
{
    public async Task<int> StepAsync()
    {
        var count = 0;
        await foreach (var envelope in feed.ReadFeedAsync(after))
        {
            count += envelope.Version > 0 ? 1 : 0;
        }

        return count >= least
            ? count
            : throw new InvalidOperationException($"Read {count} events instead of {least}.");
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
