using K1s0.EventStore.Benchmarks.Comparing;
using K1s0.EventStore.Postgres;

namespace K1s0.EventStore.Benchmarks.Rebuilds;

/// <summary>Rebuilds the projection, checkpoints, counts and swap included.</summary>
internal sealed class OurRebuild(ProjectionRebuilder rebuilder, int least) : IWorker
{
    public async Task<int> StepAsync()
    {
        var result = await rebuilder.RebuildAsync();
        return result.Events >= least
            ? (int)result.Events
            : throw new InvalidOperationException($"Rebuilt from {result.Events} events instead of {least}.");
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
