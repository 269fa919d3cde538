namespace K1s0.EventStore.Sync;

/// <summary>What a replica that ran ahead of its store, and the same read from the store anew, have to do with each
/// other.</summary>
internal static class Recovery
{
    /// <summary>Whether an event is part of the history, as far as the end of its log says.</summary>
    public static bool Holds(Replica replica, SyncEvent known)
    {
        var head = replica.HeadOf(known.Dot.Origin);
        return head.Last.Sequence > known.Dot.Sequence || (head.Last == known.Dot && head.Hash == known.Hash);
    }

    /// <summary>Whether both write as the same origin and have the same logs.</summary>
    public static bool KnowTheSame(Replica one, Replica other)
    {
        var isSame = one.Self == other.Self && one.Clock.Equals(other.Clock);
        foreach (var dot in one.Clock.Entries)
        {
            isSame = isSame && one.HashOf(dot.Origin) == other.HashOf(dot.Origin);
        }

        return isSame;
    }

    /// <summary>Whether a log that has its length still has other events: a branch of it was given up.</summary>
    private static bool HasOtherBranch(Replica resumed, Replica ahead)
    {
        foreach (var dot in resumed.Clock.Entries)
        {
            if (ahead.HeadOf(dot.Origin) is var known && known.Last == dot && known.Hash != resumed.HashOf(dot.Origin))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Stops the telling where what the store holds is not what was told.</summary>
    public static void StopWhatIsWrong(Delivery delivery, Replica resumed, Replica ahead)
    {
        if (!LogBeginnings.Of(resumed).SequenceEqual(LogBeginnings.Of(ahead)))
        {
            delivery.StopForSnapshot();
        }
        else if (!ahead.Clock.Covers(resumed.Clock))
        {
            delivery.StopForWhatCameBack();
        }
        else if (HasOtherBranch(resumed, ahead))
        {
            delivery.StopForBranch();
        }
    }

    /// <summary>
    /// What was whole before must not be forgotten because it cannot be read any more: its end is still in mind.
    /// </summary>
    public static OriginHead Whole(OriginHead read, Replica ahead, IReadOnlyList<DeliveredEvent> unsettled)
    {
        var known = ahead.HeadOf(read.Last.Origin);
        if (read.DamagedUpTo == 0 || known.Last.Sequence < read.DamagedUpTo)
        {
            return read;
        }

        var end = read.Last with { Sequence = read.DamagedUpTo };
        return known.Last == end
            ? known
            : unsettled.Where(one => one.Event.Dot == end)
                .Select(one => new OriginHead(end, one.Event.Hash, one.Event.Time, one.Context)
                {
                    BeginsBehind = read.BeginsBehind,
                })
                .FirstOrDefault()
                ?? throw new InvalidFormatException(
                    "log of a replica", $"the end of that of {read.Last.Origin} is damaged: open the node anew.");
    }

    /// <summary>What a log is cut of, behind what is known of it by now.</summary>
    public static IEnumerable<Dot> Missing(OriginHead cut, long known)
    {
        for (var sequence = known + 1; sequence <= cut.DamagedUpTo; sequence++)
        {
            yield return cut.Last with { Sequence = sequence };
        }
    }
}
