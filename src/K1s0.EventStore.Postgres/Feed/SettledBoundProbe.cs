namespace K1s0.EventStore.Postgres;

/// <summary>
/// Asks for the settled bound, at most one question at a time for the whole process: callers that come while one is
/// under way share the next. Thread-safe.
/// </summary>
internal sealed class SettledBoundProbe(PostgresDatabase database)
{
    // All guarded by _lock. _queued begins when _running has ended, so whoever joins it gets an answer to a question
    // asked later.
    private readonly Lock _lock = new();
    private Task<SettledBound>? _running;
    private Task<SettledBound>? _queued;
    private long _latest;
    private SettledBound? _lastAnswer;

    /// <summary>
    /// The highest bound seen so far, as long as the store keeps what it has confirmed.
    /// </summary>
    public Position Latest
    {
        get
        {
            lock (_lock)
            {
                return new Position(_latest);
            }
        }
    }

    /// <summary>What the last question found out; null before the first.</summary>
    public SettledBound? LastAnswer
    {
        get
        {
            lock (_lock)
            {
                return _lastAnswer;
            }
        }
    }

    /// <summary>A bound that was asked for after this call. The token ends the wait, not the question.</summary>
    public Task<SettledBound> AskAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            // One that is queued has yet to ask, also when the one before it has just ended.
            if (_queued is null && _running is not { IsCompleted: false })
            {
                return (_running = QueryAsync()).WaitAsync(cancellationToken);
            }

            _queued ??= AfterAsync(_running!);
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
                reader.IsDBNull(4) ? null : TimeSpan.FromSeconds(reader.GetDouble(4)),
                PreparedTransaction.Read(reader, 5)),
            CancellationToken.None).ConfigureAwait(false);
        return Remember(rows[0]);
    }

    // The server's answer can be lower than an earlier one: a writer may be held up between reading the sequence and
    // locking its value. What was settled stays settled, and a reader that has read up to there must not be led back.
    // But a sequence that is behind what was settled is another one: a restore, a failover that lost events, or a
    // standby that is further behind. What was known of the old one counts no more.
    private SettledBound Remember(SettledBound answer)
    {
        lock (_lock)
        {
            if (answer.Bound.Value > _latest || answer.LastPosition.Value < _latest)
            {
                _latest = answer.Bound.Value;
            }

            return _lastAnswer = answer with { Bound = new Position(_latest) };
        }
    }
}
