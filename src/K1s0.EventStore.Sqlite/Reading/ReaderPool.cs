using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;

namespace K1s0.EventStore.Sqlite;

/// <summary>
/// Connections that read. A connection is held only while its rows are read, on a thread of the pool: SQLite blocks the
/// thread that it works on, and that is not the caller's. Thread-safe.
/// </summary>
internal sealed class ReaderPool(Func<SqliteSession> open, int maxReaders) : IAsyncDisposable, IDisposable
{
    private readonly SemaphoreSlim _places = new(maxReaders, maxReaders);
    private readonly ConcurrentStack<SqliteSession> _idle = new();
    private volatile bool _isClosed;

    /// <summary>Reads on a free connection.</summary>
    /// <exception cref="SqliteException">The driver's; the connection is not used again.</exception>
    public async Task<TResult> ReadAsync<TResult>(
        Func<SqliteSession, TResult> read, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_isClosed, typeof(SqliteStoreFile));
        await _places.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await Task.Run(() => Read(read), cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _places.Release();
        }
    }

    /// <summary>Closes the connections when the reads that are under way have ended.</summary>
    public async ValueTask DisposeAsync()
    {
        CloseIdle();
        for (var i = 0; i < maxReaders; i++)
        {
            await _places.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        }

        // Those who waited for a place find the pool closed.
        _places.Release(maxReaders);
    }

    /// <summary>Closes the idle connections; the others are closed when their reads end.</summary>
    public void Dispose() => CloseIdle();

    private void CloseIdle()
    {
        _isClosed = true;
        while (_idle.TryPop(out var session))
        {
            session.Dispose();
        }
    }

    private TResult Read<TResult>(Func<SqliteSession, TResult> read)
    {
        ObjectDisposedException.ThrowIf(_isClosed, typeof(SqliteStoreFile));
        if (!_idle.TryPop(out var session))
        {
            session = open();
        }

        TResult result;
        try
        {
            result = read(session);
        }
        catch
        {
            session.Dispose();
            throw;
        }

        _idle.Push(session);
        if (_isClosed)
        {
            // Closed meanwhile: nobody else would take it out.
            CloseIdle();
        }

        return result;
    }
}
