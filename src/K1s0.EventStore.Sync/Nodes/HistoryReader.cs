using System.Runtime.CompilerServices;

namespace K1s0.EventStore.Sync;

/// <summary>
/// Reads the history out of a store, page by page, and gives each event with the context that its writer had. Keeps the
/// context of each origin and one page: what a page holds before its causes is read again, see
/// <see cref="HistoryOrder"/>.
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
        var order = new HistoryOrder(behind, upTo);
        while (await ReadPageAsync(store, order, options, cancellationToken).ConfigureAwait(false) is { } page)
        {
            foreach (var next in page)
            {
                _ = order.Take(instead(next));
            }
        }

        return order.Waiting is null;
    }

    private static async IAsyncEnumerable<DeliveredEvent> ReadAsync(
        IReplicaStore store,
        VectorClock upTo,
        SyncOptions options,
        IReadOnlyList<OriginHead> behind,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var order = new HistoryOrder(behind, upTo);
        while (await ReadPageAsync(store, order, options, cancellationToken).ConfigureAwait(false) is { } page)
        {
            foreach (var next in page)
            {
                if (order.Take(next) is { } delivered)
                {
                    yield return delivered;
                }
            }
        }

        if (order.Waiting is { } waiting)
        {
            throw new InvalidFormatException("history of a replica", $"what {waiting} builds on is damaged.");
        }
    }

    // Null when no log goes on.
    private static async Task<IReadOnlyList<SyncEvent>?> ReadPageAsync(
        IReplicaStore store, HistoryOrder order, SyncOptions options, CancellationToken cancellationToken)
    {
        if (order.NextPage(options.BatchEvents) is not { } wanted)
        {
            return null;
        }

        var page = await store.ReadAsync(order.Told, wanted.UpTo, wanted.Events, options.BatchBytes, cancellationToken)
            .ConfigureAwait(false);
        return page.Count > 0
            ? page
            : throw new InvalidFormatException(
                "history of a replica", $"nothing follows {order.Told} up to {wanted.UpTo}.");
    }

    // What a snapshot stands for is not here: a view that is built without it would lack that, and nobody would know.
    private static void CheckBeginnings(Replica replica, IReadOnlyList<OriginHead> behind)
    {
        var clock = VectorClock.Of([.. behind.Select(head => head.Last)]);
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
                throw HistoryOrder.OtherBranch(head.Last);
            }
        }
    }
}
