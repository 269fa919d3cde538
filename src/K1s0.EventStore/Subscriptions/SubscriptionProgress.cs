using K1s0.EventStore.Telemetry;

namespace K1s0.EventStore;

/// <summary>What a subscription tells about itself. Thread-safe.</summary>
internal sealed class SubscriptionProgress(string name, LiveFeed live, TimeProvider timeProvider)
{
    private long _handled;
    private long _retries;
    private long _skipped;
    private long _restarts;
    private int _parked;

    // All guarded by _lock.
    private readonly Lock _lock = new();
    private readonly List<StoppedKey> _stopped = [];
    private SubscriptionState _state;
    private LowWater? _lowWater;
    private Position _position;
    private DateTimeOffset _knownAt = timeProvider.GetUtcNow();
    private Exception? _error;

    public int StoppedKeys
    {
        get
        {
            lock (_lock)
            {
                return _stopped.Count;
            }
        }
    }

    /// <summary>Those who wait until the mark has come to a position.</summary>
    public PositionWaiters Waiters { get; } = new();

    public int ParkedEvents => Volatile.Read(ref _parked);

    public Position Position
    {
        get
        {
            lock (_lock)
            {
                return _lowWater?.Mark.Position ?? _position;
            }
        }
    }

    public void Begin(LowWater lowWater, int parked)
    {
        Volatile.Write(ref _parked, parked);
        lock (_lock)
        {
            (_lowWater, _error, _state) = (lowWater, null, SubscriptionState.CatchingUp);
            _stopped.Clear();
        }

        Waiters.Reached(lowWater.Mark.Position);
    }

    /// <summary>Somebody else runs the subscription, and its troubles are theirs.</summary>
    public void StandBy()
    {
        Volatile.Write(ref _parked, 0);
        lock (_lock)
        {
            _position = _lowWater?.Mark.Position ?? _position;
            (_lowWater, _error, _state) = (null, null, SubscriptionState.StandingBy);
            _knownAt = timeProvider.GetUtcNow();
            _stopped.Clear();
        }
    }

    public void Read(bool isLive)
    {
        lock (_lock)
        {
            _state = isLive ? SubscriptionState.Live : SubscriptionState.CatchingUp;
            if (isLive)
            {
                _knownAt = timeProvider.GetUtcNow();
            }
        }
    }

    public void End(SubscriptionState state, Exception? error)
    {
        lock (_lock)
        {
            _knownAt = KnownAt();
            _position = _lowWater?.Mark.Position ?? _position;
            (_state, _error) = (state, error);
        }

        if (state is SubscriptionState.Failed)
        {
            Waiters.Fail(error!);
        }
    }

    /// <summary>Waits until the mark has come to a position.</summary>
    /// <exception cref="SubscriptionBehindException">It did not in time, or the subscription has failed.</exception>
    public async Task WaitAsync(Position position, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var reached = Waiters.Add(position);
        try
        {
            if (Position >= position)
            {
                return;
            }

            if (Failure() is { } error)
            {
                throw new SubscriptionBehindException(name, position, Position, error);
            }

            if (await reached.Task.WaitAsync(timeout, timeProvider, cancellationToken).ConfigureAwait(false) is { } end)
            {
                throw new SubscriptionBehindException(name, position, Position, end);
            }
        }
        catch (TimeoutException)
        {
            throw new SubscriptionBehindException(name, position, Position);
        }
        finally
        {
            Waiters.Remove(reached);
        }
    }

    public long CountRestart()
    {
        SubscriptionTelemetry.CountRestart(name);
        return Interlocked.Increment(ref _restarts);
    }

    public void CountHandled()
    {
        Interlocked.Increment(ref _handled);
        SubscriptionTelemetry.CountEvent(name, "handled");
    }

    public void CountRetry()
    {
        Interlocked.Increment(ref _retries);
        SubscriptionTelemetry.CountRetry(name);
    }

    public void CountSkipped()
    {
        Interlocked.Increment(ref _skipped);
        SubscriptionTelemetry.CountEvent(name, "skipped");
    }

    public void CountParked()
    {
        Interlocked.Increment(ref _parked);
        SubscriptionTelemetry.CountEvent(name, "parked");
    }

    public void CountReplayed() => Interlocked.Decrement(ref _parked);

    public void AddStopped(StoppedKey key)
    {
        SubscriptionTelemetry.CountEvent(name, "stopped");
        lock (_lock)
        {
            _stopped.Add(key);
        }
    }

    public SubscriptionStatus ToStatus()
    {
        lock (_lock)
        {
            return new SubscriptionStatus
            {
                Name = name,
                State = _state,
                Position = _lowWater?.Mark.Position ?? _position,
                Lag = Lag(),
                HandledEvents = Interlocked.Read(ref _handled),
                Retries = Interlocked.Read(ref _retries),
                SkippedEvents = Interlocked.Read(ref _skipped),
                ParkedEvents = ParkedEvents,
                StoppedKeys = [.. _stopped],
                Restarts = Interlocked.Read(ref _restarts),
                Error = _error,
            };
        }
    }

    private Exception? Failure()
    {
        lock (_lock)
        {
            return _state is SubscriptionState.Failed ? _error : null;
        }
    }

    private TimeSpan Lag()
    {
        if (_state is SubscriptionState.StandingBy
            || (_state is SubscriptionState.Completed && _lowWater?.OldestUnfinished is null))
        {
            return TimeSpan.Zero;
        }

        var since = _lowWater?.OldestUnfinished ?? KnownAt();
        var lag = timeProvider.GetUtcNow() - since;
        return lag > TimeSpan.Zero ? lag : TimeSpan.Zero;
    }

    // When it was last known that nothing waits to be read.
    private DateTimeOffset KnownAt() =>
        _state is SubscriptionState.Live && live.AskedAt > _knownAt ? live.AskedAt.Value : _knownAt;
}
