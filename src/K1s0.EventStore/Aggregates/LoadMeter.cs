namespace K1s0.EventStore;

/// <summary>How long loads take for each event that they apply, recent ones counting most. Thread-safe.</summary>
internal sealed class LoadMeter
{
    private const double Memory = 0.9;

    // Both guarded by _lock.
    private readonly Lock _lock = new();
    private double _seconds;
    private double _events;

    public void Add(TimeSpan duration, long events)
    {
        lock (_lock)
        {
            (_seconds, _events) = ((Memory * _seconds) + duration.TotalSeconds, (Memory * _events) + events);
        }
    }

    public TimeSpan Estimate(long events)
    {
        lock (_lock)
        {
            return _events > 0 ? TimeSpan.FromSeconds(_seconds / _events * events) : TimeSpan.Zero;
        }
    }
}
