namespace K1s0.EventStore.Sync;

/// <summary>
/// A hybrid logical clock: its times rise strictly, whatever the wall clock does, and come after every time that it
/// observed. A wall clock that jumps back does not move it back.
/// </summary>
/// <remarks>
/// Safe to use from several threads. It does not survive the process: begin a new one after the highest time in the log
/// (<see cref="Replica.Resume"/> does).
/// </remarks>
public sealed class HybridClock
{
    /// <summary>How far a foreign clock may run ahead when nothing else is said: 60 seconds.</summary>
    public static readonly TimeSpan DefaultMaxDrift = TimeSpan.FromSeconds(60);

    private readonly TimeProvider _timeProvider;
    private readonly Lock _lock = new();

    // Guarded by the lock.
    private HybridTime _last;

    /// <summary>A clock.</summary>
    /// <param name="timeProvider">The wall clock.</param>
    /// <param name="maxDrift">
    /// How far an observed time may lie ahead of the wall clock; 0 to 7 days, <see cref="DefaultMaxDrift"/> when null.
    /// </param>
    /// <param name="startAfter">The last time that was given or observed before, 0 for none.</param>
    /// <exception cref="ArgumentOutOfRangeException">The drift is out of range.</exception>
    public HybridClock(TimeProvider timeProvider, TimeSpan? maxDrift = null, HybridTime startAfter = default)
    {
        ArgumentNullException.ThrowIfNull(timeProvider);
        MaxDrift = maxDrift ?? DefaultMaxDrift;
        ArgumentOutOfRangeException.ThrowIfNegative(MaxDrift.Ticks, nameof(maxDrift));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaxDrift, TimeSpan.FromDays(7), nameof(maxDrift));
        (_timeProvider, _last) = (timeProvider, startAfter);
    }

    /// <summary>How far an observed time may lie ahead of the wall clock.</summary>
    public TimeSpan MaxDrift { get; }

    /// <summary>The highest time that was given or observed.</summary>
    public HybridTime Last
    {
        get
        {
            lock (_lock)
            {
                return _last;
            }
        }
    }

    /// <summary>A time after all that were given and observed.</summary>
    public HybridTime Next()
    {
        var wall = HybridTime.FromWallTime(_timeProvider.GetUtcNow());
        lock (_lock)
        {
            // A counter that is full runs over into the milliseconds.
            _last = wall > _last ? wall : new HybridTime(checked(_last.Value + 1));
            return _last;
        }
    }

    /// <summary>Whether a time is no further ahead of the wall clock than <see cref="MaxDrift"/>.</summary>
    /// <param name="time">A time from elsewhere.</param>
    public ClockReading Check(HybridTime time)
    {
        var limit = HybridTime.FromWallTime(_timeProvider.GetUtcNow() + MaxDrift);
        return time.UnixMilliseconds <= limit.UnixMilliseconds ? ClockReading.Accepted : ClockReading.TooFarAhead;
    }

    /// <summary>How far a time lies ahead of the wall clock; negative when it lies behind.</summary>
    internal TimeSpan AheadBy(HybridTime time) => time.WallTime - _timeProvider.GetUtcNow();

    /// <summary>Moves the clock past a time from elsewhere, unless that is too far ahead.</summary>
    /// <param name="time">The time of an event of another replica.</param>
    public ClockReading Observe(HybridTime time)
    {
        var reading = Check(time);
        if (reading is ClockReading.Accepted)
        {
            Follow(time);
        }

        return reading;
    }

    /// <summary>Moves the clock past a time that this replica has accepted already.</summary>
    internal void Follow(HybridTime time)
    {
        lock (_lock)
        {
            _last = time > _last ? time : _last;
        }
    }
}
