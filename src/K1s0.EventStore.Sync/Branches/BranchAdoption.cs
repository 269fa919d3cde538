namespace K1s0.EventStore.Sync;

/// <summary>
/// Puts a branch that a peer gave in the place of the one that is here, at one instant, when the history stays one in
/// which causes come before effects. The caller is inside of the replica's gate.
/// </summary>
/// <remarks>
/// Looks through the whole history before: with several logs forked, each branch alone may be right and both together
/// may be circular, which no clock says. What an exception leaves is found in the store by whoever comes next: all of
/// the branch, or nothing of it.
/// </remarks>
internal sealed class BranchAdoption(
    IBranchReplicaStore store, GuardedReplica guarded, LogDamage damage, SyncOptions options)
{
    /// <summary>Adopts a branch whose events follow each other.</summary>
    /// <param name="wanted">The branch.</param>
    /// <param name="cancellationToken">Gives up before the write.</param>
    /// <returns>Why not; null when it was.</returns>
    public async Task<BranchRefusal?> AdoptAsync(SyncOutput.Adopt wanted, CancellationToken cancellationToken)
    {
        if (await CheckAsync(wanted, cancellationToken).ConfigureAwait(false) is { } refusal)
        {
            return refusal;
        }

        // Before the write, because it may come through when it fails.
        guarded.Look(_ => damage.BeginAdoption(wanted.Branch[0].Dot.Origin));
        try
        {
            return await guarded.AdoptAsync(store, wanted.Branch).ConfigureAwait(false) ? null : BranchRefusal.TooLong;
        }
        catch (InvalidEventException)
        {
            // What was stored of the branch stands for nothing.
            return BranchRefusal.RefusedByStore;
        }
    }

    private async Task<BranchRefusal?> CheckAsync(SyncOutput.Adopt wanted, CancellationToken cancellationToken)
    {
        var (branch, origin) = (wanted.Branch, wanted.Branch[0].Dot.Origin);
        var (head, self, whole, clock, beginnings) = guarded.Look(replica =>
        {
            var end = replica.HeadOf(origin);
            return (end, replica.Self, damage.WholeUpTo(end.Last), replica.Clock, LogBeginnings.Of(replica));
        });

        // Where a new incarnation could not be stored, a log that was marked is the own one again.
        if (origin == self || head.Hash != wanted.Instead || head.Last != branch[^1].Dot)
        {
            return BranchRefusal.NotGiven;
        }

        try
        {
            if (whole < head.Last.Sequence)
            {
                return BranchRefusal.Damaged;
            }

            if (head.BeginsBehind is { } beginning && branch[0].Dot.Sequence == beginning.Last.Sequence + 1)
            {
                if (branch[0].Previous != beginning.Hash || branch[0].Time <= beginning.Time)
                {
                    return BranchRefusal.BeginsLater;
                }
            }
            else if (!await FollowsAsync(branch[0]).ConfigureAwait(false))
            {
                return BranchRefusal.NotGiven;
            }

            var first = branch[0].Dot.Sequence;
            SyncEvent Instead(SyncEvent stored) => stored.Dot.Origin == origin && stored.Dot.Sequence >= first
                ? branch[(int)(stored.Dot.Sequence - first)]
                : stored;
            var isInOrder = await HistoryReader.IsInOrderAsync(
                store, clock, options, beginnings, Instead, cancellationToken).ConfigureAwait(false);
            return isInOrder ? null : BranchRefusal.Entangled;
        }
        catch (EventStoreException e) when (StoredLogs.IsDamage(e))
        {
            // A scrub finds it, and peers give it back.
            return BranchRefusal.Damaged;
        }
    }

    // On the last event that both branches have.
    private async Task<bool> FollowsAsync(SyncEvent first)
    {
        var dot = first.Dot;
        if (dot.Sequence == 1)
        {
            return first.Previous == SyncEvent.Genesis(dot.Origin);
        }

        var before = await store.ReadWholeAsync(
            dot.Origin, [dot.Sequence - 1], int.MaxValue, CancellationToken.None).ConfigureAwait(false);
        return before is [var last] && first.Previous == last.Hash && first.Time > last.Time;
    }
}
