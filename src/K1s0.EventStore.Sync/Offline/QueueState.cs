namespace K1s0.EventStore.Sync;

/// <summary>
/// The entries of a queue and their store: a change is made durable first, and then seen. A store that failed is read
/// anew before the next change.
/// </summary>
internal sealed class QueueState(IQueueStore store, OfflineQueueOptions options, TimeProvider timeProvider)
    : IDisposable
{
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly Lock _seen = new();

    // Changed by the holder of the gate only, under the lock; read under the lock.
    private readonly QueueIndex _entries = new();
    private readonly ConnectionMeter _meter = new(timeProvider);
    private readonly Dictionary<string, DateTimeOffset> _resting = new(StringComparer.Ordinal);
    private bool _isBehind;

    public QueueStatus Status
    {
        get
        {
            lock (_seen)
            {
                return new QueueStatus(
                    _entries.Count - _entries.Dead,
                    _entries.Dead,
                    _entries.Bytes,
                    _entries.All.FirstOrDefault(entry => !entry.IsDead)?.EnqueuedAt,
                    _meter.State,
                    _meter.ChangedAt,
                    _meter.RoundTrip,
                    _meter.Loss);
            }
        }
    }

    public async Task OpenAsync(CancellationToken cancellationToken)
    {
        var contents = await store.OpenAsync(cancellationToken).ConfigureAwait(false);
        lock (_seen)
        {
            _entries.Fill(contents);
            _isBehind = false;
        }
    }

    /// <summary>Lets a draft decide on changes, makes them durable, and then makes them.</summary>
    public async Task<T> ChangeAsync<T>(Func<QueueDraft, T> decide, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_isBehind)
            {
                await OpenAsync(cancellationToken).ConfigureAwait(false);
            }

            var draft = new QueueDraft(_entries, _resting, options, timeProvider.GetUtcNow());
            var result = decide(draft);
            if (draft.Changes.Count > 0)
            {
                // Past this point giving up would leave it open whether the change is there.
                _isBehind = true;
                await store.WriteAsync(draft.Changes, CancellationToken.None).ConfigureAwait(false);
                _isBehind = false;
                Apply(draft.Changes);
                Tell();
            }

            return result;
        }
        finally
        {
            _gate.Release();
        }
    }

    public IReadOnlyList<QueueEntry> Find(Func<QueueEntry, bool> predicate)
    {
        lock (_seen)
        {
            return [.. _entries.All.Where(predicate)];
        }
    }

    public void Measure(Action<ConnectionMeter> measure)
    {
        var before = Status;
        lock (_seen)
        {
            measure(_meter);
        }

        if (before.Connection != Status.Connection)
        {
            Tell();
        }
    }

    public void Dispose() => _gate.Dispose();

    private void Tell() => options.OnStatusChanged?.Invoke(Status);

    private void Apply(IReadOnlyList<QueueChange> changes)
    {
        lock (_seen)
        {
            foreach (var change in changes)
            {
                _entries.Apply(change);
            }
        }
    }
}
