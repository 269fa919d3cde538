namespace K1s0.EventStore.Postgres;

/// <summary>
/// Group commit: appends to different streams that come while others are under way share a round trip and a commit. An
/// append that finds a writer free is sent at once; nothing ever waits for company. Thread-safe.
/// </summary>
/// <remarks>
/// Each append keeps its own outcome. A batch holds a stream once, and a stream is in one batch at a time, so first
/// attempts of this process at one stream never wait for each other inside the server. Repeated attempts, and those
/// that were taken for late and are not, go alone.
/// </remarks>
internal sealed class AppendQueue(
    PostgresAppender appender, LateAppends lateAppends, StreamHeadCache heads, PostgresOptions options)
    : IAsyncDisposable, IDisposable
{
    // Never disposed: it holds no handle as long as nobody asks for one, and the last callers give their places back
    // late.
    private readonly SemaphoreSlim _places = new(options.MaxQueuedAppends, options.MaxQueuedAppends);

    // All of these are guarded by _lock.
    private readonly Lock _lock = new();
    private readonly WaitingAppends _waiting = new(heads);
    private TaskCompletionSource? _drained;
    private int _writers;
    private bool _isClosed;

    /// <summary>Tries once.</summary>
    /// <exception cref="AttemptFailedException">It did not succeed; says whether it certainly did nothing.</exception>
    public Task<AppendResult> TryAppendAsync(ValidatedAppend append, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isClosed, typeof(PostgresEventStore));
            if (_writers < options.MaxWriters && _waiting.IsEmpty && _waiting.TryBegin(append.StreamId))
            {
                _writers++;
            }
            else
            {
                return WaitAsync(append, cancellationToken);
            }
        }

        return SendAtOnceAsync(append, cancellationToken);
    }

    /// <summary>Takes no more appends, and waits for those that were taken.</summary>
    public async ValueTask DisposeAsync()
    {
        Task drained;
        lock (_lock)
        {
            _isClosed = true;
            _drained ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            if (_writers == 0)
            {
                _drained.TrySetResult();
            }

            drained = _drained.Task;
        }

        await drained.ConfigureAwait(false);
    }

    /// <summary>Takes no more appends; those that were taken end by themselves.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _isClosed = true;
        }
    }

    private async Task<AppendResult> SendAtOnceAsync(ValidatedAppend append, CancellationToken cancellationToken)
    {
        try
        {
            return (await appender.TryAppendAsync([append], cancellationToken).ConfigureAwait(false))[0];
        }
        finally
        {
            var batch = NextBatch([append.StreamId]);
            if (batch.Count > 0)
            {
                // Others came meanwhile. The writer is theirs now; it ends by itself, and DisposeAsync waits for it.
                StartWriter(batch);
            }
        }
    }

    private async Task<AppendResult> WaitAsync(ValidatedAppend append, CancellationToken cancellationToken)
    {
        await _places.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            using var queued = new QueuedAppend(append, cancellationToken);
            try
            {
                Enqueue(queued);
                return await queued.Completion.ConfigureAwait(false);
            }
            finally
            {
                Remove(queued);
            }
        }
        finally
        {
            _places.Release();
        }
    }

    private void Enqueue(QueuedAppend queued)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isClosed && _writers == 0, typeof(PostgresEventStore));
            _waiting.Add(queued);
            if (_writers == options.MaxWriters)
            {
                return;
            }

            _writers++;
        }

        var batch = NextBatch([]);
        if (batch.Count > 0)
        {
            StartWriter(batch);
        }
    }

    // A writer works for many callers: it takes no caller's context (transaction, trace, culture) along.
    private void StartWriter(List<QueuedAppend> batch)
    {
        using (ExecutionContext.IsFlowSuppressed() ? default(AsyncFlowControl?) : ExecutionContext.SuppressFlow())
        {
            _ = Task.Run(() => WriteAsync(batch));
        }
    }

    /// <summary>
    /// Writes batches until nothing is left that can be written. Every failure goes to the appends it belongs to.
    /// </summary>
    private async Task WriteAsync(List<QueuedAppend> batch)
    {
        while (batch.Count > 0)
        {
            try
            {
                await (batch[0].IsLate ? lateAppends.AnswerAsync(batch) : appender.TryAppendBatchAsync(batch))
                    .ConfigureAwait(false);
            }
            finally
            {
                // Whoever was just told comes back first, and may share the next round trip.
                await Task.Yield();
                batch = NextBatch(
                    [.. batch.Where(queued => !queued.IsLate).Select(queued => queued.Append.StreamId)]);
            }
        }
    }

    private void Remove(QueuedAppend queued)
    {
        lock (_lock)
        {
            _waiting.Remove(queued);
        }
    }

    /// <summary>
    /// Frees the streams of the last batch and takes the next one; starts further writers for what is left. None: the
    /// writer has ended.
    /// </summary>
    private List<QueuedAppend> NextBatch(IReadOnlyCollection<StreamId> written)
    {
        List<QueuedAppend> batch;
        List<List<QueuedAppend>> further = [];
        lock (_lock)
        {
            _waiting.End(written);
            batch = _waiting.Take(options.MaxWriters);
            if (batch.Count == 0 && --_writers == 0)
            {
                _drained?.TrySetResult();
            }

            while (batch.Count > 0 && _writers < options.MaxWriters
                && _waiting.Take(options.MaxWriters) is { Count: > 0 } other)
            {
                further.Add(other);
                _writers++;
            }
        }

        further.ForEach(StartWriter);
        return batch;
    }
}
