using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Sync;

/// <summary>
/// Looks through a log from its end, which is known, to its start: each event names the hash of the one before it.
/// Holds the hashes of one window at a time.
/// </summary>
internal static class LogScrubber
{
    /// <summary>Looks through the logs that a clock names, and remembers what is damaged.</summary>
    /// <param name="store">The store.</param>
    /// <param name="replica">The replica; it guards the damage too.</param>
    /// <param name="damage">What is known to be damaged.</param>
    /// <param name="clock">Which logs.</param>
    /// <param name="cancellationToken">Gives up; what was found stays known.</param>
    /// <returns>How many events are whole, and whether everything was looked through.</returns>
    public static async Task<(long Whole, bool IsComplete)> ScrubAsync(
        IRepairableReplicaStore store,
        GuardedReplica replica,
        LogDamage damage,
        VectorClock clock,
        CancellationToken cancellationToken)
    {
        var (whole, isComplete) = (0L, true);
        for (var i = 0; i < clock.Count && isComplete; i++)
        {
            var origin = clock.Entries[i].Origin;
            var (head, most, adoptions) = await BeginAsync(replica, damage, origin, cancellationToken)
                .ConfigureAwait(false);
            var found = await FindAsync(store, head, most, cancellationToken).ConfigureAwait(false);
            var isOfOneBranch = replica.Look(_ =>
            {
                // What another branch demands is not asked for: it would come back into the log.
                var isSame = damage.Adoptions == adoptions;
                damage.Replace(origin, isSame ? found.Damaged : []);
                return isSame;
            });
            i -= isOfOneBranch ? 0 : 1;
            (whole, isComplete) = isOfOneBranch ? (whole + found.Whole, found.IsComplete) : (whole, isComplete);
        }

        return (whole, isComplete);
    }

    // Inside of the gate: while a branch is given up, the store may have the one and the replica the other.
    private static async Task<(OriginHead Head, int Most, long Adoptions)> BeginAsync(
        GuardedReplica replica, LogDamage damage, Origin origin, CancellationToken cancellationToken)
    {
        await replica.EnterAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            // What is found takes the place of what is known of the log.
            return replica.Look(known => (
                known.HeadOf(origin),
                LogDamage.MaxEvents - damage.Count + damage.CountOf(origin),
                damage.Adoptions));
        }
        finally
        {
            replica.Leave();
        }
    }

    /// <summary>Finds what is damaged in a log.</summary>
    /// <param name="store">The store.</param>
    /// <param name="head">The end of the log as the replica knows it.</param>
    /// <param name="most">Stops after so many damaged events.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<Result> FindAsync(
        IRepairableReplicaStore store, OriginHead head, int most, CancellationToken cancellationToken)
    {
        var (found, demanded, whole) = (new List<(long, Sha256Digest?, Sha256Digest?)>(), (Sha256Digest?)head.Hash, 0L);
        var before = LogBeginnings.UpTo(head);
        for (var last = head.Last.Sequence; last > before; last = LogDamage.WindowOf(last) - 1)
        {
            var first = Math.Max(LogDamage.WindowOf(last), before + 1);
            var links = await store.ReadLinksAsync(head.Last.Origin, first, last, cancellationToken)
                .ConfigureAwait(false);
            var at = links.Count - 1;
            for (var sequence = last; sequence >= first; sequence--)
            {
                var isThere = at >= 0 && links[at].Sequence == sequence;
                if (isThere && (demanded ?? links[at].Hash) == links[at].Hash)
                {
                    if (demanded is null)
                    {
                        found[^1] = found[^1] with { Item3 = links[at].Hash };
                    }

                    (demanded, whole) = (links[at].Previous, whole + 1);
                }
                else if (found.Count == most)
                {
                    return new Result(found, whole, IsComplete: false);
                }
                else
                {
                    found.Add((sequence, demanded, null));
                    demanded = null;
                }

                at -= isThere ? 1 : 0;
            }
        }

        return new Result(found, whole, IsComplete: true);
    }

    /// <summary>What is damaged, how many events are whole, and whether the start of the log was reached.</summary>
    internal sealed record Result(
        List<(long Sequence, Sha256Digest? Demanded, Sha256Digest? Below)> Damaged, long Whole, bool IsComplete);
}
