using K1s0.EventStore.Benchmarks.Comparing;

namespace K1s0.EventStore.Benchmarks.Loads;

/// <summary>Loads streams from the store, at random.</summary>
internal sealed class OurReader(IEventStore store, IReadOnlyList<StreamId> streams, int length, int seed) : IWorker
{
    private readonly Random _random = new(seed);

    public async Task<int> StepAsync()
    {
        var events = await store.LoadAsync(streams[_random.Next(streams.Count)]);
        return events.Count == length
            ? length
            : throw new InvalidOperationException($"Loaded {events.Count} events instead of {length}.");
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
