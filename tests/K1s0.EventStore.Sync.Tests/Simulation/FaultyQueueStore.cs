namespace K1s0.EventStore.Sync.Simulation;

/// <summary>A queue's store that fails before or after a write.</summary>
internal sealed class FaultyQueueStore(IQueueStore inner, Random random) : IQueueStore
{
    public bool FailsSometimes { get; set; }

    public IReadOnlyList<QueueEntry> Durable() => Immediately.Get(inner.OpenAsync()).Entries;

    public Task<QueueContents> OpenAsync(CancellationToken cancellationToken = default)
    {
        if (FailsSometimes && random.Next(4) == 0)
        {
            throw new SimulatedDiskErrorException();
        }

        return inner.OpenAsync(cancellationToken);
    }

    public async Task WriteAsync(IReadOnlyList<QueueChange> changes, CancellationToken cancellationToken = default)
    {
        var fault = FailsSometimes ? random.Next(4) : 3;
        if (fault == 0)
        {
            throw new SimulatedDiskErrorException();
        }

        await inner.WriteAsync(changes, cancellationToken);
        if (fault == 1)
        {
            throw new SimulatedDiskErrorException();
        }
    }
}
