namespace K1s0.EventStore;

/// <summary>
/// Knows how far a subscription has come: the end of the contiguous run of finished work, in whatever order the lanes
/// finish it. Thread-safe.
/// </summary>
internal sealed class LowWater(LowWaterMark origin, PositionWaiters? waiters = null)
{
    // All guarded by _lock. The queue holds the work in the order of the feed; its front is never finished.
    private readonly Lock _lock = new();
    private readonly Queue<WorkInFlight> _work = new();
    private LowWaterMark _mark = origin;
    private LowWaterMark _lastHashed = origin;
    private WorkInFlight? _last;
    private DateTimeOffset? _heldSince;

    /// <summary>Everything up to here is finished.</summary>
    public LowWaterMark Mark
    {
        get
        {
            lock (_lock)
            {
                return _mark;
            }
        }
    }

    /// <summary>
    /// The newest mark whose chain hash is known without asking the feed: between it and <see cref="Mark"/> lies
    /// nothing that was to be handled.
    /// </summary>
    public LowWaterMark LastHashed
    {
        get
        {
            lock (_lock)
            {
                return _lastHashed;
            }
        }
    }

    /// <summary>The recorded time of the oldest event that is not finished; null when there is none.</summary>
    public DateTimeOffset? OldestUnfinished
    {
        get
        {
            lock (_lock)
            {
                return _heldSince ?? (_work.TryPeek(out var front) ? front.RecordedAt : null);
            }
        }
    }

    /// <summary>An event is handed to a lane. Events come in the order of the feed.</summary>
    public WorkInFlight Begin(EventEnvelope envelope)
    {
        var work = new WorkInFlight(
            new LowWaterMark(envelope.Position, envelope.ChainHash), envelope.RecordedAt, isFinished: false);
        lock (_lock)
        {
            _work.Enqueue(_last = work);
        }

        return work;
    }

    /// <summary>Up to here there is nothing else to do.</summary>
    public void Pass(LowWaterMark end)
    {
        lock (_lock)
        {
            if (_work.Count == 0)
            {
                MoveTo(end);
            }
            else if (_last is { RecordedAt: null } stretch)
            {
                stretch.End = end;
            }
            else
            {
                _work.Enqueue(_last = new WorkInFlight(end, recordedAt: null, isFinished: true));
            }
        }
    }

    /// <summary>An event is handled, skipped or parked.</summary>
    /// <returns>How many events have left the window.</returns>
    public int Finish(WorkInFlight work)
    {
        lock (_lock)
        {
            work.IsFinished = true;
            return Advance();
        }
    }

    /// <summary>An event will not be handled: the mark stays before it for good.</summary>
    /// <returns>How many events have left the window.</returns>
    public int Hold(WorkInFlight work)
    {
        lock (_lock)
        {
            (work.IsFinished, work.IsHeld) = (true, true);
            return Advance();
        }
    }

    private int Advance()
    {
        var left = 0;
        while (_work.TryPeek(out var front) && front.IsFinished)
        {
            _work.Dequeue();
            left += front.RecordedAt is null ? 0 : 1;
            if (front.IsHeld)
            {
                _heldSince ??= front.RecordedAt;
            }

            MoveTo(front.End);
        }

        if (_work.Count == 0)
        {
            _last = null;
        }

        return left;
    }

    private void MoveTo(LowWaterMark end)
    {
        if (_heldSince is null)
        {
            _mark = end;
            _lastHashed = end.ChainHash.IsNone ? _lastHashed : end;
            waiters?.Reached(end.Position);
        }
    }
}
