namespace K1s0.EventStore.Sync;

/// <summary>A queue in memory, for tests; forgotten with the process. Safe for several threads.</summary>
public sealed class InMemoryQueueStore : IQueueStore
{
    private readonly Lock _lock = new();

    // Guarded by the lock.
    private readonly QueueIndex _entries = new();

    /// <inheritdoc/>
    public Task<QueueContents> OpenAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_lock)
        {
            return Task.FromResult(_entries.Contents);
        }
    }

    /// <inheritdoc/>
    public Task WriteAsync(IReadOnlyList<QueueChange> changes, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(changes);
        cancellationToken.ThrowIfCancellationRequested();
        lock (_lock)
        {
            foreach (var change in changes)
            {
                _entries.Apply(change);
            }
        }

        return Task.CompletedTask;
    }
}
