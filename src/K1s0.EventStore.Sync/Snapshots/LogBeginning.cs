using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Sync.Snapshots;

/// <summary>
/// Has logs begin behind the ends that an installed snapshot names, when nothing that is here contradicts them.
/// </summary>
/// <remarks>
/// That what the ends build on is in the snapshot is checked when the manifest is decoded, and what is here builds on
/// what is here; so does both together. What an exception leaves is found in the store by whoever comes next: all logs
/// as before, or all begun.
/// </remarks>
internal sealed class LogBeginning(IReplicaStore logs, GuardedReplica guarded, LogDamage? damage, int maxOrigins)
{
    /// <summary>Begins from a snapshot whose chunks are whole.</summary>
    public async Task<BeginReport> BeginAsync(SnapshotManifest snapshot, CancellationToken cancellationToken)
    {
        if (logs is not IBeginningReplicaStore store)
        {
            throw new NotSupportedException($"{logs.GetType().Name} is no {nameof(IBeginningReplicaStore)}.");
        }

        await guarded.EnterAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var (shorter, longer) = guarded.Look(replica => Split(replica, snapshot));
            var refused = guarded.Look(replica => FindRefusal(replica, shorter))
                ?? await CompareAsync(store, longer, cancellationToken).ConfigureAwait(false)
                ?? await FindDamageAsync(store, shorter, cancellationToken).ConfigureAwait(false);
            return refused ?? (shorter.Count == 0
                ? new BeginReport(BeginEnd.AlreadyThere)
                : await BeginAsync(store, snapshot, shorter).ConfigureAwait(false));
        }
        finally
        {
            guarded.Leave();
        }
    }

    private async Task<BeginReport> BeginAsync(
        IBeginningReplicaStore store, SnapshotManifest snapshot, List<Pair> shorter)
    {
        List<Origin> begun = [.. shorter.Select(log => log.Theirs.Last.Origin)];

        // Before the write, because it may come through when it fails.
        guarded.Look(_ => begun.ForEach(origin => damage?.BeginAdoption(origin)));
        await guarded.BeginAsync(store, snapshot, begun).ConfigureAwait(false);
        return new BeginReport(BeginEnd.Begun)
        {
            Begun = [.. shorter.Select(log => log.Theirs.Last)],
            LeftAside =
            [
                .. shorter.Where(log => log.Ours.Last.Sequence > LogBeginnings.UpTo(log.Ours))
                    .Select(log => log.Ours.Last),
            ],
        };
    }

    // Logs that are shorter here than in the snapshot, and those that are as long or longer.
    private static (List<Pair> Shorter, List<Pair> Longer) Split(Replica replica, SnapshotManifest snapshot)
    {
        var pairs = snapshot.Heads.Select(head => new Pair(head, replica.HeadOf(head.Last.Origin)))
            .ToLookup(pair => pair.Ours.Last.Sequence < pair.Theirs.Last.Sequence);
        return ([.. pairs[true]], [.. pairs[false]]);
    }

    private BeginReport? FindRefusal(Replica replica, List<Pair> shorter)
    {
        foreach (var (theirs, ours) in shorter)
        {
            if (theirs.Last.Origin == replica.Self)
            {
                replica.Witness(theirs, ours.Hash);
                return Refuse(BeginEnd.TailLost, theirs);
            }

            if (replica.Time.Check(theirs.Time) is ClockReading.TooFarAhead)
            {
                return Refuse(BeginEnd.ClockTooFarAhead, theirs);
            }
        }

        return replica.Clock.Count + shorter.Count(log => log.Ours.Last.Sequence == 0) > maxOrigins
            ? new BeginReport(BeginEnd.TooManyOrigins)
            : null;
    }

    // The ends whose events are here. What a log begins behind is known by its hash; what is before that is not.
    private async Task<BeginReport?> CompareAsync(
        IBeginningReplicaStore store,
        List<Pair> longer,
        CancellationToken cancellationToken)
    {
        foreach (var (theirs, ours) in longer.Where(log => log.Theirs.Last.Sequence >= LogBeginnings.UpTo(log.Ours)))
        {
            var here = theirs.Last == ours.Last ? ours.Hash
                : theirs.Last == ours.BeginsBehind?.Last ? ours.BeginsBehind.Hash
                : await ReadHashAsync(store, theirs.Last, cancellationToken).ConfigureAwait(false);
            if (here is null)
            {
                return Refuse(BeginEnd.LogDamaged, theirs);
            }

            if (here != theirs.Hash)
            {
                guarded.Look(replica => replica.Witness(theirs, here.Value));
                return Refuse(BeginEnd.Forked, theirs);
            }
        }

        return null;
    }

    private static async Task<Sha256Digest?> ReadHashAsync(
        IBeginningReplicaStore store, Dot dot, CancellationToken cancellationToken) =>
        await store.ReadLinksAsync(dot.Origin, dot.Sequence, dot.Sequence, cancellationToken).ConfigureAwait(false)
            is [var link] ? link.Hash : null;

    // Of a log that was cut, repairs of what stood behind the cut may be there, and would stand in it again.
    private static async Task<BeginReport?> FindDamageAsync(
        IBeginningReplicaStore store,
        List<Pair> shorter,
        CancellationToken cancellationToken)
    {
        var stored = await store.ReadHeadsAsync(cancellationToken).ConfigureAwait(false);
        var cut = stored.Where(head => head.DamagedUpTo > 0).Select(head => head.Last.Origin).ToHashSet();
        return shorter.Find(log => cut.Contains(log.Theirs.Last.Origin)) is { Theirs: { } found }
            ? Refuse(BeginEnd.LogDamaged, found)
            : null;
    }

    private static BeginReport Refuse(BeginEnd end, OriginHead head) => new(end) { Because = head.Last.Origin };

    /// <summary>The end of a log in the snapshot, and the one here.</summary>
    private sealed record Pair(OriginHead Theirs, OriginHead Ours);
}
