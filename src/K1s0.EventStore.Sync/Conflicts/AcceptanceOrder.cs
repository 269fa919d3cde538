namespace K1s0.EventStore.Sync;

/// <summary>
/// When the authority accepted an event: the order of the event in which it says so, and the place there. The same on
/// every replica, because it travels as an event.
/// </summary>
internal readonly record struct AcceptanceOrder(HybridTime Time, Origin Authority, long Sequence, int Place)
{
    public static AcceptanceOrder Of(SyncEvent stamp, int place) =>
        new(stamp.Time, stamp.Dot.Origin, stamp.Dot.Sequence, place);

    public static int Compare(AcceptanceOrder left, AcceptanceOrder right)
    {
        var byTime = left.Time.CompareTo(right.Time);
        var byOrigin = byTime != 0 ? byTime : Origin.Compare(left.Authority, right.Authority);
        var bySequence = byOrigin != 0 ? byOrigin : left.Sequence.CompareTo(right.Sequence);
        return bySequence != 0 ? bySequence : left.Place.CompareTo(right.Place);
    }
}
