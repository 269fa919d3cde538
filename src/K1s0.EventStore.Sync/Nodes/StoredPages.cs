namespace K1s0.EventStore.Sync;

/// <summary>
/// Reads pages of events out of the logs that <see cref="EventStoreReplicaStore"/> keeps, in order. Holds few events of
/// each log, and of many logs not much more than the page: what does not fit is loaded again when it is its turn.
/// </summary>
internal sealed class StoredPages(StoredLogs logs)
{
    // An event may have a mebibyte.
    private const int MostLoaded = 16;

    /// <summary>See <see cref="IReplicaStore.ReadAsync"/>.</summary>
    public async Task<List<SyncEvent>> ReadAsync(
        VectorClock after, VectorClock upTo, int maxEvents, int maxBytes, CancellationToken cancellationToken)
    {
        var wanted = Wanted(after, upTo);
        var each = Math.Clamp(MostLoaded / Math.Max(1, wanted.Count), 1, maxEvents);
        var (cursors, held) = (new PriorityQueue<Cursor, SyncEvent>(EventOrder.Instance), 0L);
        foreach (var dot in wanted)
        {
            var cursor = new Cursor(dot.Origin, after[dot.Origin] + 1, dot.Sequence);
            await FillAsync(cursor, each, cancellationToken).ConfigureAwait(false);
            if (cursor.Loaded.TryPeek(out var first))
            {
                cursors.Enqueue(cursor, Place(cursor, first, ref held, maxBytes));
            }
        }

        var (page, bytes) = (new List<SyncEvent>(), 0L);
        while (page.Count < maxEvents && bytes < maxBytes && cursors.TryDequeue(out var cursor, out _))
        {
            if (cursor.Loaded.Count == 0)
            {
                await FillAsync(cursor, each, cancellationToken).ConfigureAwait(false);
            }

            if (!cursor.Loaded.TryDequeue(out var next))
            {
                continue;
            }

            page.Add(next);
            bytes += next.Size;
            cursor.First = next.Dot.Sequence + 1;
            if (cursor.Loaded.Count == 0 && bytes < maxBytes)
            {
                await FillAsync(cursor, MostLoaded, cancellationToken).ConfigureAwait(false);
            }

            if (cursor.Loaded.TryPeek(out var following))
            {
                cursors.Enqueue(cursor, following);
            }
        }

        return page;
    }

    private static List<Dot> Wanted(VectorClock after, VectorClock upTo)
    {
        var wanted = new List<Dot>();
        foreach (var dot in upTo.Entries)
        {
            if (after[dot.Origin] < dot.Sequence)
            {
                wanted.Add(dot);
            }
        }

        return wanted;
    }

    // Where it stands in the order, without its content when too much is held already.
    private static SyncEvent Place(Cursor cursor, SyncEvent first, ref long held, int maxBytes)
    {
        var bytes = cursor.Loaded.Sum(static one => (long)one.Size);
        if (held + bytes <= maxBytes)
        {
            held += bytes;
            return first;
        }

        cursor.Loaded.Clear();
        return first.WithoutContent();
    }

    private async Task FillAsync(Cursor cursor, int count, CancellationToken cancellationToken)
    {
        if (cursor.First > cursor.Last)
        {
            return;
        }

        var loaded = await logs.LoadAsync(
                cursor.Origin, cursor.First, Math.Min(cursor.Last, cursor.First + count - 1), cancellationToken)
            .ConfigureAwait(false);
        loaded.ForEach(cursor.Loaded.Enqueue);
    }

    private sealed class Cursor(Origin origin, long first, long last)
    {
        public Origin Origin => origin;

        public long First { get; set; } = first;

        public long Last => last;

        public Queue<SyncEvent> Loaded { get; } = new();
    }
}
