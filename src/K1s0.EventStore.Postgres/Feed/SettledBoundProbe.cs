namespace K1s0.EventStore.Postgres;

/// <summary>
/// Asks for the settled bound, at most one question at a time for the whole process: callers that come while one is
/// under way share the next. Thread-safe.
/// </summary>
internal sealed class SettledBoundProbe(PostgresDatabase database)
{
    // Guarded by _lock. _queued begins when _running has ended, so whoever joins it gets an answer to a question asked
    // later.
    private readonly Lock _lock = new();
    private Task<SettledBound>? _running;
    private Task<SettledBound>? _queued;
    private long _latest;

    /// <summary>
    /// The highest bound seen so far. Bounds never move back, so it is always safe to read up to here.
    /// </summary>
    public Position Latest => new(Interlocked.Read(ref _latest));

    /// <summary>A bound that was asked for after this call. The token ends the wait, not the question.</summary>
    public Task<SettledBound> AskAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (_running is not { IsCompleted: false })
            {
                return (_running = QueryAsync()).WaitAsync(cancellationToken);
            }

            _queued ??= AfterAsync(_running);
            return _queued.WaitAsync(cancellationToken);
        }
    }

    private async Task<SettledBound> AfterAsync(Task<SettledBound> earlier)
    {
        // Leaves the caller's lock at once.
        await Task.Yield();

        // Whatever became of the earlier question is its own askers' business.
        await earlier.ContinueWith(
            static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default)
                .ConfigureAwait(false);
        lock (_lock)
        {
            (_running, _queued) = (_queued, null);
        }

        return await QueryAsync().ConfigureAwait(false);
    }

    private async Task<SettledBound> QueryAsync()
    {
        // Leaves the caller's lock at once.
        await Task.Yield();
        var rows = await database.QueryAsync(
            "settled_bound",
            static _ => { },
            static reader => new SettledBound(
                new Position(reader.GetInt64(0)),
                new Position(reader.GetInt64(1)),
                reader.IsDBNull(2) ? null : reader.GetInt32(2),
                reader.IsDBNull(3) ? null : reader.GetString(3),
                reader.IsDBNull(4) ? null : TimeSpan.FromSeconds(reader.GetDouble(4))),
            CancellationToken.None).ConfigureAwait(false);
        return rows[0] with { Bound = Raise(rows[0].Bound.Value) };
    }

    // The server's answer can be lower than an earlier one: a writer may be held up between reading the sequence and
    // locking its value. What was settled stays settled, and a reader that has read up to there must not be led back.
    private Position Raise(long bound)
    {
        var known = Interlocked.Read(ref _latest);
        while (bound > known)
        {
            var found = Interlocked.CompareExchange(ref _latest, bound, known);
            if (found == known)
            {
                return new Position(bound);
            }

            known = found;
        }

        return new Position(known);
    }
}
