namespace K1s0.EventStore.Sync;

/// <summary>Where a queue of operations is kept. One queue uses it at a time; calls come one after the other.</summary>
public interface IQueueStore
{
    /// <summary>What it holds.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    Task<QueueContents> OpenAsync(CancellationToken cancellationToken = default);

    /// <summary>Makes changes, all of them or none. Durable when it returns.</summary>
    /// <param name="changes">At least one, in order.</param>
    /// <param name="cancellationToken">Gives up before the write.</param>
    Task WriteAsync(IReadOnlyList<QueueChange> changes, CancellationToken cancellationToken = default);
}
