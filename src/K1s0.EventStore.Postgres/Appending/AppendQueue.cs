namespace K1s0.EventStore.Postgres;

/// <summary>
/// Group commit: appends to different streams that come while others are under way share a round trip and a commit. An
/// append that finds a writer free is sent at once; nothing ever waits for company. Thread-safe.
/// </summary>
/// <remarks>
/// Each append keeps its own outcome. A batch holds a stream once, and a stream is in one batch at a time, so appends
/// of this process to one stream never wait for each other inside the server.
/// </remarks>
internal sealed class AppendQueue(PostgresAppender appender, LateAppends lateAppends, PostgresOptions options)
    : IAsyncDisposable, IDisposable
{
    // Bounds of one batch, and of how far into the queue a batch looks for streams that are free.
    private const int MaxBatchAppends = 128;
    private const int MaxBatchEvents = 1_000;
    private const long MaxBatchBytes = 4 * 1024 * 1024;
    private const int MaxPassedOver = 4 * MaxBatchAppends;

    // Never disposed: it holds no handle as long as nobody asks for one, and the last callers give their places back
    // late.
    private readonly SemaphoreSlim _places = new(options.MaxQueuedAppends, options.MaxQueuedAppends);

    // All of these are guarded by _lock.
    private readonly Lock _lock = new();
    private readonly LinkedList<QueuedAppend> _waiting = [];
    private readonly HashSet<StreamId> _busy = [];
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
            if (_writers < options.MaxWriters && _waiting.Count == 0 && _busy.Add(append.StreamId))
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
            queued.Node = _waiting.AddLast(queued);
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
                batch = NextBatch(
                    [.. batch.Where(queued => !queued.IsLate).Select(queued => queued.Append.StreamId)]);
            }
        }
    }

    // Of one that was given up nothing stays behind.
    private void Remove(QueuedAppend queued)
    {
        lock (_lock)
        {
            if (queued.Node?.List is not null)
            {
                _waiting.Remove(queued.Node);
            }
        }
    }

    /// <summary>Frees the streams of the last batch and takes the next one. None: the writer has ended.</summary>
    private List<QueuedAppend> NextBatch(IReadOnlyCollection<StreamId> written)
    {
        var batch = new List<QueuedAppend>();
        lock (_lock)
        {
            _busy.ExceptWith(written);
            Fill(batch);
            if (batch.Count == 0 && --_writers == 0)
            {
                _drained?.TrySetResult();
            }
        }

        return batch;
    }

    // Under the lock. What is passed over waits for a stream that is busy, or for this batch to be done, so a writer
    // will come back to it.
    private void Fill(List<QueuedAppend> batch)
    {
        var (events, bytes, passedOver) = (0, 0L, 0);
        var node = _waiting.First;
        while (node is not null && passedOver < MaxPassedOver && batch.Count < MaxBatchAppends)
        {
            var (queued, current) = (node.Value, node);
            node = node.Next;
            if (!FitsInto(batch, queued))
            {
                passedOver++;
                continue;
            }

            if (batch.Count > 0
                && (events + queued.Append.Events.Count > MaxBatchEvents || bytes + queued.Bytes > MaxBatchBytes))
            {
                return;
            }

            _waiting.Remove(current);
            if (queued.TryTake())
            {
                batch.Add(queued);
                events += queued.Append.Events.Count;
                bytes += queued.Bytes;
                if (!queued.IsLate)
                {
                    _busy.Add(queued.Append.StreamId);
                }
            }
        }
    }

    // Under the lock. A batch is either of appends to be made, or of late ones, which are answered.
    private bool FitsInto(List<QueuedAppend> batch, QueuedAppend queued)
    {
        var isBusy = _busy.Contains(queued.Append.StreamId);
        queued.IsLate = queued.HasWaited && lateAppends.IsLate(queued.Append);
        queued.HasWaited |= isBusy;
        return (queued.IsLate || !isBusy) && (batch.Count == 0 || batch[0].IsLate == queued.IsLate);
    }
}
