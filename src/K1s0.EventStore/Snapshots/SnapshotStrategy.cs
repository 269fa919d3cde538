namespace K1s0.EventStore;

/// <summary>
/// When an aggregate is worth a new snapshot. Looked at behind each append. Immutable and thread-safe.
/// </summary>
public sealed class SnapshotStrategy
{
    private readonly Func<SnapshotSituation, bool> _isDue;

    private SnapshotStrategy(Func<SnapshotSituation, bool> isDue) => _isDue = isDue;

    /// <summary>Only when <see cref="AggregateStore{TState, TEvent}.TakeSnapshotAsync"/> is called.</summary>
    public static SnapshotStrategy Never { get; } = new(static _ => false);

    /// <summary>When no snapshot holds the last this many events.</summary>
    /// <param name="count">1 or more.</param>
    public static SnapshotStrategy EveryEvents(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        return new SnapshotStrategy(situation => situation.EventsBehind >= count);
    }

    /// <summary>When the oldest event that no snapshot holds was recorded this long ago.</summary>
    /// <param name="age">Above zero.</param>
    public static SnapshotStrategy OlderThan(TimeSpan age)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(age, TimeSpan.Zero);
        return new SnapshotStrategy(situation => situation.AgeBehind >= age);
    }

    /// <summary>
    /// When applying the events that no snapshot holds takes this long, by what loads of this kind of aggregate were
    /// measured to take for each event.
    /// </summary>
    /// <param name="target">Above zero.</param>
    public static SnapshotStrategy Adaptive(TimeSpan target)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(target, TimeSpan.Zero);
        return new SnapshotStrategy(situation => situation.LoadDuration >= target);
    }

    /// <summary>By a rule of one's own.</summary>
    /// <param name="isDue">Whether to take a snapshot.</param>
    public static SnapshotStrategy When(Func<SnapshotSituation, bool> isDue)
    {
        ArgumentNullException.ThrowIfNull(isDue);
        return new SnapshotStrategy(isDue);
    }

    internal bool IsDue(SnapshotSituation situation) => situation.EventsBehind > 0 && _isDue(situation);
}
