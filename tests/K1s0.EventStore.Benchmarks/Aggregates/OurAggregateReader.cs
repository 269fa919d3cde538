using K1s0.EventStore.Benchmarks.Comparing;

namespace K1s0.EventStore.Benchmarks.Aggregates;

/// <summary>Loads aggregates at random, from their snapshots on; nothing is remembered in between.</summary>
internal sealed class OurAggregateReader(
    AggregateStore<OrderTotals, OrderHappened> states, IReadOnlyList<StreamId> streams, int events, int seed) : IWorker
{
    private readonly Random _random = new(seed);

    public async Task<int> StepAsync()
    {
        var loaded = await states.LoadAsync(streams[_random.Next(streams.Count)]);
        return loaded.State.Events == events && loaded.StartedAt.Value > 0
            ? 1
            : throw new InvalidOperationException($"{loaded.State.Events} events from {loaded.StartedAt} on.");
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
