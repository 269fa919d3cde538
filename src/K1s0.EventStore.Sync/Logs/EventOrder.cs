namespace K1s0.EventStore.Sync;

/// <summary>
/// The total order of all events of all replicas: by time, then replica, incarnation and sequence. Among events whose
/// clocks are honest a cause comes before its effects; <see cref="CausalMerge"/> holds that whatever the clocks say.
/// </summary>
public sealed class EventOrder : IComparer<SyncEvent>
{
    private EventOrder()
    {
    }

    /// <summary>The order.</summary>
    public static EventOrder Instance { get; } = new();

    /// <inheritdoc/>
    public int Compare(SyncEvent? x, SyncEvent? y)
    {
        if (ReferenceEquals(x, y) || x is null || y is null)
        {
            return (x is null ? 0 : 1) - (y is null ? 0 : 1);
        }

        var byTime = x.Time.CompareTo(y.Time);
        var byOrigin = byTime != 0 ? byTime : Origin.Compare(x.Dot.Origin, y.Dot.Origin);
        return byOrigin != 0 ? byOrigin : x.Dot.Sequence.CompareTo(y.Dot.Sequence);
    }
}
