using Microsoft.Data.Sqlite;

namespace K1s0.EventStore.Sqlite;

/// <summary>
/// Lets the writes of this process through, one transaction at a time: SQLite has one writer a file. Writes that come
/// while a transaction is under way share the next one, and so its flush; a write that finds the writer idle starts at
/// once. Thread-safe.
/// </summary>
/// <remarks>
/// SQLite blocks the thread that it works on. The writer therefore takes one thread of the pool, only while there is
/// something to write, and never the caller's.
/// </remarks>
internal sealed class WriteQueue(TransactionWriter writer, int maxQueued) : IAsyncDisposable, IDisposable
{
    // Bounds of one transaction: other processes wait while it is open.
    private const int MaxBatchWrites = 128;
    private const long MaxBatchBytes = 4 * 1024 * 1024;

    // Never disposed: it holds no handle as long as nobody asks for one, and the last callers give their places back
    // late.
    private readonly SemaphoreSlim _places = new(maxQueued, maxQueued);

    // All of these are guarded by _lock.
    private readonly Lock _lock = new();
    private readonly LinkedList<PendingWrite> _waiting = [];
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _isWriting;
    private bool _isClosed;

    /// <summary>Runs the work in a transaction, and returns its result when that is committed.</summary>
    public async Task<TResult> WriteAsync<TResult>(
        Func<SqliteSession, TResult> work,
        Func<string, SqliteException, Exception> unknown,
        long bytes,
        CancellationToken cancellationToken)
    {
        await _places.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            using var write = new PendingWrite<TResult>(work, unknown, bytes, cancellationToken);
            try
            {
                write.Watch();
                Enqueue(write);
                return await write.Completion.ConfigureAwait(false);
            }
            finally
            {
                Remove(write);
            }
        }
        finally
        {
            _places.Release();
        }
    }

    /// <summary>Takes no more writes, and waits for those that were taken.</summary>
    public async ValueTask DisposeAsync()
    {
        Refuse();
        await _drained.Task.ConfigureAwait(false);
    }

    /// <summary>Takes no more writes; those that were taken end by themselves.</summary>
    public void Dispose() => Refuse();

    private void Refuse()
    {
        lock (_lock)
        {
            if (_isClosed)
            {
                return;
            }

            _isClosed = true;
            if (_isWriting)
            {
                // The writer ends by itself, and closes the connection then.
                return;
            }
        }

        Close();
    }

    private void Enqueue(PendingWrite write)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isClosed, typeof(SqliteStoreFile));
            write.Node = _waiting.AddLast(write);
            if (_isWriting)
            {
                return;
            }

            _isWriting = true;
        }

        // The writer works for many callers: it takes no caller's context (trace, culture) along.
        using (ExecutionContext.IsFlowSuppressed() ? default(AsyncFlowControl?) : ExecutionContext.SuppressFlow())
        {
            // It ends by itself, gives every failure to the write that it belongs to, and DisposeAsync waits for it.
            _ = Task.Run(WriteAll);
        }
    }

    private void WriteAll()
    {
        while (NextBatch() is { Count: > 0 } batch)
        {
            writer.Write(batch);
        }
    }

    private List<PendingWrite> NextBatch()
    {
        var batch = new List<PendingWrite>();
        bool isLast;
        lock (_lock)
        {
            var bytes = 0L;
            while (_waiting.First is { } node && batch.Count < MaxBatchWrites
                && (batch.Count == 0 || bytes + node.Value.Bytes <= MaxBatchBytes))
            {
                _waiting.RemoveFirst();
                if (node.Value.TryTake())
                {
                    batch.Add(node.Value);
                    bytes += node.Value.Bytes;
                }
            }

            _isWriting = batch.Count > 0;
            isLast = !_isWriting && _isClosed;
        }

        if (isLast)
        {
            Close();
        }

        return batch;
    }

    // Reached once, when the queue is closed and nobody writes any more.
    private void Close()
    {
        writer.Dispose();
        _drained.TrySetResult();
    }

    // Of one that was given up nothing stays behind.
    private void Remove(PendingWrite write)
    {
        lock (_lock)
        {
            if (write.Node?.List is not null)
            {
                _waiting.Remove(write.Node);
            }
        }
    }
}
