namespace K1s0.EventStore.Sync;

/// <summary>
/// Reads where the logs end that <see cref="EventStoreReplicaStore"/> keeps, and what the writers of the last events
/// had seen: from the last part of a log that begins with a whole context. What stands behind damage in there is not
/// given: its context could not be told. <see cref="OriginHead.DamagedUpTo"/> says so, and peers give it again.
/// </summary>
internal sealed class StoredHeads(StoredLogs logs, LogStreams streams)
{
    // An event may have a mebibyte.
    private const int EventsPerPage = 16;

    /// <summary>The end of a log; null when there is none.</summary>
    public async Task<OriginHead?> ReadAsync(Origin origin, CancellationToken cancellationToken)
    {
        var beginning = await streams.FindBeginningAsync(origin, cancellationToken).ConfigureAwait(false);
        var end = await streams.FindEndAsync(origin, cancellationToken).ConfigureAwait(false);
        var before = beginning?.Last.Sequence ?? 0;
        if (end == before)
        {
            return beginning is null ? null : beginning with { BeginsBehind = beginning };
        }

        // Parts behind one whose context is not known yet, the earliest on top.
        var parts = new Stack<Part>();
        for (var first = ((end - 1) / StoredSyncEvent.ContextEvery * StoredSyncEvent.ContextEvery) + 1;
            first + StoredSyncEvent.ContextEvery - 1 > before;
            first -= StoredSyncEvent.ContextEvery)
        {
            var last = Math.Min(end, first + StoredSyncEvent.ContextEvery - 1);
            var part = await ReadPartAsync(origin, Math.Max(first, before + 1), last, beginning, cancellationToken)
                .ConfigureAwait(false);
            if (part.Last?.Dot.Sequence != last || (parts.TryPeek(out var behind) && !behind.Follows(part.Last!)))
            {
                parts.Clear();
            }

            if (part.Last is null)
            {
                continue;
            }

            parts.Push(part);
            if (part.HasContext)
            {
                if (await FollowsAsync(part, beginning, cancellationToken).ConfigureAwait(false))
                {
                    break;
                }

                parts.Clear();
            }
        }

        return HeadOf(origin, end, parts, beginning) with { BeginsBehind = beginning };
    }

    private static OriginHead HeadOf(Origin origin, long end, Stack<Part> parts, OriginHead? beginning)
    {
        var (context, last) = (VectorClock.Empty, (SyncEvent?)null);
        while (parts.TryPop(out var part))
        {
            (context, last) = (context.Merge(part.Seen), part.Last);
        }

        return last is null
            ? (beginning
                ?? new OriginHead(new Dot(origin, 0), SyncEvent.Genesis(origin), default, VectorClock.Empty)) with
            {
                DamagedUpTo = end,
            }
            : new OriginHead(last.Dot, last.Hash, last.Time, context)
            {
                DamagedUpTo = last.Dot.Sequence < end ? end : 0,
            };
    }

    // On the event before it, as far as that can be read.
    private async Task<bool> FollowsAsync(Part part, OriginHead? beginning, CancellationToken cancellationToken)
    {
        var (origin, before) = (part.First!.Dot.Origin, part.First.Dot.Sequence - 1);
        if (before == beginning?.Last.Sequence)
        {
            return part.First.Previous == beginning.Hash;
        }

        return before == 0
            || await logs.LoadStoredAsync(origin, before, before, cancellationToken).ConfigureAwait(false)
                is not [var last] || part.Follows(last.Event);
    }

    // Up to the first event that is damaged, or is of another branch than the one before it: where damage is mended
    // with events of another branch, what stood behind it still stands there.
    private async Task<Part> ReadPartAsync(
        Origin origin, long first, long last, OriginHead? beginning, CancellationToken cancellationToken)
    {
        // What the writer had seen where the log begins here is known.
        var isBeginning = first == (beginning?.Last.Sequence ?? 0) + 1;
        var seen = isBeginning ? beginning?.Context : null;
        var part = new Part(null, null, seen ?? VectorClock.Empty, false);
        for (var from = first; from <= last; from += EventsPerPage)
        {
            var page = await logs.LoadStoredAsync(
                origin, from, Math.Min(last, from + EventsPerPage - 1), cancellationToken).ConfigureAwait(false);
            foreach (var (read, context) in page)
            {
                if (read.Dot.Sequence != (part.Last?.Dot.Sequence ?? first - 1) + 1
                    || (part.Last is { } before && read.Previous != before.Hash))
                {
                    return part;
                }

                part = new Part(
                    part.First ?? read,
                    read,
                    part.Seen.Merge(context ?? read.Observed),
                    part.HasContext || context is not null || isBeginning);
            }

            if (part.Last?.Dot.Sequence != Math.Min(last, from + EventsPerPage - 1))
            {
                return part;
            }
        }

        return part;
    }

    /// <summary>
    /// The first event, the last one before any damage, what is known to be seen then, and whether that is all.
    /// </summary>
    private sealed record Part(SyncEvent? First, SyncEvent? Last, VectorClock Seen, bool HasContext)
    {
        public bool Follows(SyncEvent before) => First!.Previous == before.Hash;
    }
}
