namespace K1s0.EventStore.Sync.Simulation;

/// <summary>Virtual time: what is to happen, in the order of its time, and of its entry where times are equal.</summary>
internal sealed class Schedule
{
    private readonly PriorityQueue<Action, (long Ticks, long Number)> _due = new();
    private long _number;

    public TimeSpan Now { get; private set; }

    public long Steps { get; private set; }

    public void After(TimeSpan delay, Action action) => _due.Enqueue(action, ((Now + delay).Ticks, _number++));

    public void AfterMilliseconds(double delay, Action action) => After(TimeSpan.FromMilliseconds(delay), action);

    /// <summary>Does everything until this time; false when nothing is left.</summary>
    public bool RunUntil(TimeSpan time)
    {
        while (_due.TryPeek(out _, out var at) && at.Ticks <= time.Ticks)
        {
            Step();
        }

        Now = time > Now ? time : Now;
        return _due.Count > 0;
    }

    /// <summary>Does what is due until nothing is left.</summary>
    public void RunAll(int maxSteps)
    {
        for (var left = maxSteps; _due.Count > 0; left--)
        {
            if (left == 0)
            {
                throw new SimulationFailedException($"there is no end: {maxSteps} steps, and more to come.");
            }

            Step();
        }
    }

    private void Step()
    {
        _due.TryDequeue(out var action, out var at);
        Now = new TimeSpan(at.Ticks);
        Steps++;
        action!();
    }
}
