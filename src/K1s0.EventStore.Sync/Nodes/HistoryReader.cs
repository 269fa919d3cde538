using System.Runtime.CompilerServices;

namespace K1s0.EventStore.Sync;

/// <summary>
/// Reads the history out of a store, page by page, and gives each event with the context that its writer had. Keeps the
/// context of each origin and the few events that a page holds before their causes.
/// </summary>
internal static class HistoryReader
{
    /// <summary>
    /// What is part of the history now, behind some heads. The telling begins again with what comes later, and stops
    /// again when the reading does not come to its end.
    /// </summary>
    public static async IAsyncEnumerable<DeliveredEvent> ReadAnewAsync(
        GuardedReplica guarded,
        IReplicaStore store,
        SyncOptions options,
        IReadOnlyList<OriginHead> behind,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await guarded.EnterAsync(cancellationToken).ConfigureAwait(false);
        VectorClock end;
        int reading;
        try
        {
            guarded.Look(replica =>
            {
                CheckEnds(replica, behind);
                CheckBeginnings(replica, behind);
            });
            (end, reading) = guarded.BeginHistory();
        }
        finally
        {
            guarded.Leave();
        }

        var isWhole = false;
        try
        {
            await foreach (var delivered in ReadAsync(store, end, options, behind, cancellationToken)
                .ConfigureAwait(false))
            {
                yield return delivered;
            }

            isWhole = true;
        }
        finally
        {
            guarded.EndHistory(reading, isWhole);
        }
    }

    /// <summary>Whether everything has an order in which causes come before effects.</summary>
    /// <param name="store">The store.</param>
    /// <param name="upTo">What is everything.</param>
    /// <param name="options">How much is read at once.</param>
    /// <param name="behind">Where the logs begin that are not here from their first event on.</param>
    /// <param name="instead">What is to stand in the place of an event that is stored; of the same dot.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="EventStoreException">The store does not give an event that it holds.</exception>
    public static async Task<bool> IsInOrderAsync(
        IReplicaStore store,
        VectorClock upTo,
        SyncOptions options,
        IReadOnlyList<OriginHead> behind,
        Func<SyncEvent, SyncEvent> instead,
        CancellationToken cancellationToken)
    {
        var state = new State(behind);
        await foreach (var next in ReadPagesAsync(store, ClockOf(behind), upTo, options, cancellationToken)
            .ConfigureAwait(false))
        {
            // What is ready is as good as told; nothing of it is kept.
            _ = state.Take(instead(next)).Count();
        }

        return state.FindWaiting() is null;
    }

    private static async IAsyncEnumerable<DeliveredEvent> ReadAsync(
        IReplicaStore store,
        VectorClock upTo,
        SyncOptions options,
        IReadOnlyList<OriginHead> behind,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var state = new State(behind);
        await foreach (var next in ReadPagesAsync(store, ClockOf(behind), upTo, options, cancellationToken)
            .ConfigureAwait(false))
        {
            foreach (var delivered in state.Take(next))
            {
                yield return delivered;
            }
        }

        if (state.FindWaiting() is { } waiting)
        {
            throw new InvalidFormatException("history of a replica", $"what {waiting} builds on is damaged.");
        }
    }

    private static async IAsyncEnumerable<SyncEvent> ReadPagesAsync(
        IReplicaStore store,
        VectorClock after,
        VectorClock upTo,
        SyncOptions options,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (!after.Covers(upTo))
        {
            var page = await store.ReadAsync(
                after, upTo, options.BatchEvents, options.BatchBytes, cancellationToken).ConfigureAwait(false);
            if (page.Count == 0)
            {
                throw new InvalidFormatException("history of a replica", $"nothing follows {after} up to {upTo}.");
            }

            foreach (var next in page)
            {
                after = after.Observe(next.Dot);
                yield return next;
            }
        }
    }

    private static VectorClock ClockOf(IReadOnlyList<OriginHead> heads) =>
        VectorClock.Of([.. heads.Select(head => head.Last)]);

    // What a snapshot stands for is not here: a view that is built without it would lack that, and nobody would know.
    private static void CheckBeginnings(Replica replica, IReadOnlyList<OriginHead> behind)
    {
        var clock = ClockOf(behind);
        if (LogBeginnings.Of(replica).Find(beginning => !clock.Covers(beginning.Last)) is { } missing)
        {
            throw new InvalidOperationException(
                $"The log of {missing.Last.Origin} begins behind {missing.Last} here, where a snapshot ended: load a "
                + $"snapshot that has it, and read the events after that "
                + $"({nameof(Snapshots.NodeSnapshots)}.{nameof(Snapshots.NodeSnapshots.ReadEventsAfterAsync)}).");
        }
    }

    // A snapshot may be of a branch that was given up, or of one that is not here.
    private static void CheckEnds(Replica replica, IReadOnlyList<OriginHead> behind)
    {
        foreach (var head in behind)
        {
            if (replica.HeadOf(head.Last.Origin) is var own && own.Last == head.Last && own.Hash != head.Hash)
            {
                throw OtherBranch(head.Last);
            }
        }
    }

    private static InvalidFormatException OtherBranch(Dot dot) =>
        new("history of a replica", $"what is read behind is of another branch of the log than {dot}.");

    private sealed class State(IReadOnlyList<OriginHead> heads)
    {
        private readonly Dictionary<Origin, OriginLog> _logs =
            heads.ToDictionary(head => head.Last.Origin, head => new OriginLog(head));

        private readonly Dictionary<Dot, List<SyncEvent>> _waiting = [];

        public IEnumerable<DeliveredEvent> Take(SyncEvent first)
        {
            var ready = new Queue<SyncEvent>([first]);
            while (ready.TryDequeue(out var next))
            {
                if (FindMissing(next) is { } cause)
                {
                    (_waiting.TryGetValue(cause, out var others) ? others : _waiting[cause] = []).Add(next);
                    continue;
                }

                var log = LogOf(next.Dot.Origin);
                yield return next.Previous == log.Hash ? log.Append(next) : throw OtherBranch(next.Dot);
                if (_waiting.Remove(next.Dot, out var released))
                {
                    released.ForEach(ready.Enqueue);
                }
            }
        }

        public SyncEvent? FindWaiting() => _waiting.Values.FirstOrDefault()?[0];

        private Dot? FindMissing(SyncEvent next)
        {
            if (LogOf(next.Dot.Origin).Sequence < next.Dot.Sequence - 1)
            {
                return next.Dot with { Sequence = next.Dot.Sequence - 1 };
            }

            foreach (var cause in next.Observed.Entries)
            {
                if (LogOf(cause.Origin).Sequence < cause.Sequence)
                {
                    return cause;
                }
            }

            return null;
        }

        private OriginLog LogOf(Origin origin) =>
            _logs.TryGetValue(origin, out var log) ? log : _logs[origin] = new OriginLog(origin);
    }
}
