namespace K1s0.EventStore.Sync;

/// <summary>What a branch that came from a peer has to keep to, as other events have to.</summary>
internal static class BranchRules
{
    /// <summary>Why events that follow each other are not taken; null when they are.</summary>
    public static BranchRefusal? Check(IReadOnlyList<SyncEvent> branch, Replica replica, PeerRights? rights)
    {
        foreach (var next in branch)
        {
            if (rights?.MayBring(next) is false)
            {
                return BranchRefusal.NotPermitted;
            }

            foreach (var cause in next.Observed.Entries)
            {
                if (!replica.Clock.Covers(cause))
                {
                    return BranchRefusal.CausesMissing;
                }
            }
        }

        // Times ascend.
        return replica.Time.Check(branch[^1].Time) is ClockReading.TooFarAhead ? BranchRefusal.ClockTooFarAhead : null;
    }
}
