namespace K1s0.EventStore.Sync;

/// <summary>A queue in memory, for tests; forgotten with the process. Safe for several threads.</summary>
public sealed class InMemoryQueueStore : IQueueStore
{
    private readonly Lock _lock = new();

    // Guarded by the lock.
    private readonly SortedDictionary<long, QueueEntry> _entries = [];

    /// <inheritdoc/>
    public Task<IReadOnlyList<QueueEntry>> OpenAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_lock)
        {
            return Task.FromResult<IReadOnlyList<QueueEntry>>([.. _entries.Values]);
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
                if (change.Apply(_entries.GetValueOrDefault(change.Number)) is { } entry)
                {
                    _entries[change.Number] = entry;
                }
                else
                {
                    _entries.Remove(change.Number);
                }
            }
        }

        return Task.CompletedTask;
    }
}
