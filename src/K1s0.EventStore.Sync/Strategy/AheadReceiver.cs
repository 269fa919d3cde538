using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Sync;

/// <summary>
/// What came ahead of its turn in one session. Verifies that each event follows the one before it in its log, from the
/// end of the log here on, and that all its causes are known, by a stub or whole. What does not is left out: it comes
/// once more in its turn, and is looked at then.
/// </summary>
internal sealed class AheadReceiver(Replica replica, PeerRights? rights)
{
    // Of more logs nothing goes ahead: who sends them may be making them up.
    private const int MaxLogs = 4_096;

    private readonly Dictionary<Origin, (long Sequence, Sha256Digest Hash, HybridTime Time)> _ends = [];

    /// <summary>Events that came whole and follow.</summary>
    public long EventsTaken { get; private set; }

    /// <summary>Takes what a frame holds; gives the whole events that follow.</summary>
    public IReadOnlyList<SyncEvent> Take(IReadOnlyList<EventStub> stubs)
    {
        var taken = new List<SyncEvent>();
        foreach (var next in stubs)
        {
            if (!Follows(next))
            {
                continue;
            }

            _ends[next.Dot.Origin] = (next.Dot.Sequence, next.Hash, next.Time);
            if (next.Whole is not null)
            {
                taken.Add(next.Whole);
            }
        }

        EventsTaken += taken.Count;
        return taken;
    }

    private bool Follows(EventStub next)
    {
        var end = EndOf(next.Dot.Origin);
        return next.Dot.Sequence == end.Sequence + 1
            && next.Previous == end.Hash
            && next.Time > end.Time
            && replica.Time.Check(next.Time) is not ClockReading.TooFarAhead
            && IsKnown(next.Observed)
            && (_ends.Count < MaxLogs || _ends.ContainsKey(next.Dot.Origin))
            && (next.Whole is null || rights?.MayBring(next.Whole) is not false);
    }

    private bool IsKnown(VectorClock causes)
    {
        foreach (var cause in causes.Entries)
        {
            if (EndOf(cause.Origin).Sequence < cause.Sequence)
            {
                return false;
            }
        }

        return true;
    }

    private (long Sequence, Sha256Digest Hash, HybridTime Time) EndOf(Origin origin)
    {
        var head = replica.HeadOf(origin);
        return _ends.TryGetValue(origin, out var ahead) && ahead.Sequence > head.Last.Sequence
            ? ahead
            : (head.Last.Sequence, head.Hash, head.Time);
    }
}
