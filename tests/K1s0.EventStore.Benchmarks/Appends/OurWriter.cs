using K1s0.EventStore.Benchmarks.Comparing;

namespace K1s0.EventStore.Benchmarks.Appends;

/// <summary>Appends to the store, as an aggregate would: with the version that it has seen.</summary>
internal sealed class OurWriter(IEventStore store, BatchSource source) : IWorker
{
    public async Task<int> StepAsync()
    {
        var batch = source.Next();
        await store.AppendAsync(batch.StreamId, batch.Envelopes, batch.Version);
        return batch.Events.Length;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
