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
        var (end, reading) = guarded.BeginHistory();
        guarded.Leave();
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

    private static async IAsyncEnumerable<DeliveredEvent> ReadAsync(
        IReplicaStore store,
        VectorClock upTo,
        SyncOptions options,
        IReadOnlyList<OriginHead> behind,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var state = new State(behind);
        var after = VectorClock.Of([.. behind.Select(head => head.Last)]);
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
                foreach (var delivered in state.Take(next))
                {
                    yield return delivered;
                }
            }
        }

        if (state.FindWaiting() is { } waiting)
        {
            throw new InvalidFormatException("history of a replica", $"what {waiting} builds on is damaged.");
        }
    }

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

                yield return LogOf(next.Dot.Origin).Append(next);
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
