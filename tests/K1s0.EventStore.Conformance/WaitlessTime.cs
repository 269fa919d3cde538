using System.Collections.Concurrent;

namespace K1s0.EventStore.Conformance;

/// <summary>A clock on which every wait is over at once; it remembers how long they were meant to be.</summary>
public sealed class WaitlessTime : TimeProvider
{
    public ConcurrentQueue<TimeSpan> Waits { get; } = [];

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        Waits.Enqueue(dueTime);
        return base.CreateTimer(callback, state, TimeSpan.Zero, period);
    }
}
