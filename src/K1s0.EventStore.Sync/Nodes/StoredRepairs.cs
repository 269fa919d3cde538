using System.Collections.Concurrent;

namespace K1s0.EventStore.Sync;

/// <summary>
/// Keeps events that stand in the places of others in the logs of <see cref="EventStoreReplicaStore"/>: a store of
/// events never changes one, so the other event is appended to a stream of repairs, and its place names it from then
/// on. The last one for a place counts.
/// </summary>
/// <remarks>
/// <code>
/// k1s0-sync / repairs    see StoredSyncEvent
/// k1s0-sync / branches   {"origin":["replica",incarnation],"first":sequence,"count":n,"repair":version}
///                        the n repairs from that version on stand in the places from that sequence on
/// </code>
/// A branch takes several appends. Its events stand for nothing until one more event, in the stream of branches, says
/// from where to where they are: then all of them stand in their places at one instant. What an exception or a crash
/// leaves before that takes room and does nothing.
/// </remarks>
internal sealed class StoredRepairs(
    IEventStore store, IEventAppender appender, IStreamReader reader, TimeProvider timeProvider)
{
    /// <summary>The most repairs of a store: 65,536. A store that needs more is to be made anew.</summary>
    public const int MaxRepairs = 65_536;

    private const int EventsPerAppend = 256;
    private const int BytesPerAppend = 8 * 1024 * 1024;

    private static readonly StreamId Repairs = new("k1s0-sync", "repairs");
    private static readonly StreamId Branches = new("k1s0-sync", "branches");

    private readonly StoredNotes _notes = new(store, reader);
    private readonly Lock _lock = new();

    // Null until somebody needs it. What is read while something is written is not kept.
    private volatile Places? _places;
    private long _writes;

    /// <summary>Which version of the stream of repairs stands for a place.</summary>
    public async ValueTask<Places> LoadAsync(CancellationToken cancellationToken)
    {
        if (_places is { } known)
        {
            return known;
        }

        var writes = Volatile.Read(ref _writes);
        var loaded = await ReadPlacesAsync(givenUp: null, cancellationToken).ConfigureAwait(false);
        lock (_lock)
        {
            _places = writes == _writes ? loaded : _places;
        }

        return loaded;
    }

    /// <summary>An event of the stream of repairs.</summary>
    /// <exception cref="InvalidFormatException">It is damaged, or is gone.</exception>
    public async Task<SyncEvent> ReadAsync(long version, CancellationToken cancellationToken)
    {
        var loaded = await store.LoadAsync(Repairs, version, version, cancellationToken).ConfigureAwait(false);
        return loaded.Count == 1
            ? StoredSyncEvent.ReadRepair(loaded[0])
            : throw new InvalidFormatException("log of a replica", $"repair {version} is gone.");
    }

    /// <summary>Stores repairs, all or none; at most 256.</summary>
    public async Task AppendAsync(List<SyncEvent> repairs, CancellationToken cancellationToken)
    {
        var places = await LoadAsync(cancellationToken).ConfigureAwait(false);
        if (places.Count + repairs.Count > MaxRepairs)
        {
            throw new InvalidOperationException(
                $"The store has {places.Count} repairs, and keeps at most {MaxRepairs}: make the replica anew.");
        }

        await ChangeAsync(() => AppendAsync(repairs, places.Count, isBranch: false, cancellationToken))
            .ConfigureAwait(false);
        Publish(places.With(repairs, places.Count + 1, isBranch: false));
    }

    /// <summary>Has a branch stand in its places; false when there is no room for it.</summary>
    public async Task<bool> AdoptAsync(IReadOnlyList<SyncEvent> branch, CancellationToken cancellationToken)
    {
        var places = await LoadAsync(cancellationToken).ConfigureAwait(false);
        if (places.Count + branch.Count > MaxRepairs)
        {
            return false;
        }

        var stored = 0;
        await ChangeAsync(async () =>
        {
            while (stored < branch.Count)
            {
                var page = Page(branch, stored);
                await AppendAsync(page, places.Count + stored, isBranch: true, cancellationToken)
                    .ConfigureAwait(false);
                stored += page.Count;
            }

            await appender.AppendAsync([Note(branch, places)], cancellationToken).ConfigureAwait(false);
        }).ConfigureAwait(false);
        Publish(places.With(branch, places.Count + 1, isBranch: true));
        return true;
    }

    /// <summary>
    /// Which places were given up, and what stood there: a repair, or null for what was stored first.
    /// </summary>
    public async Task<List<(Dot Place, long? Repair)>> FindGivenUpAsync(CancellationToken cancellationToken)
    {
        var givenUp = new List<(Dot Place, long? Repair)>();
        await ReadPlacesAsync(givenUp, cancellationToken).ConfigureAwait(false);
        return givenUp;
    }

    // When it fails, what is stored is read anew: it may have come through all the same.
    private async Task ChangeAsync(Func<Task> change)
    {
        Interlocked.Increment(ref _writes);
        try
        {
            await change().ConfigureAwait(false);
        }
        catch
        {
            Publish(null);
            throw;
        }
    }

    private void Publish(Places? places)
    {
        lock (_lock)
        {
            _writes++;
            _places = places;
        }
    }

    private async Task AppendAsync(
        List<SyncEvent> events, long behind, bool isBranch, CancellationToken cancellationToken)
    {
        var stored = events.Select((good, at) =>
            StoredSyncEvent.WriteRepair(good, Repairs, behind + at + 1, isBranch));
        await appender.AppendAsync(
            [new StreamAppend(Repairs, [.. stored], ExpectedVersion.Exactly(new StreamVersion(behind)))],
            cancellationToken).ConfigureAwait(false);
    }

    private static List<SyncEvent> Page(IReadOnlyList<SyncEvent> branch, int from)
    {
        var (page, bytes) = (new List<SyncEvent>(), 0L);
        for (var i = from; i < branch.Count && page.Count < EventsPerAppend && bytes < BytesPerAppend; i++)
        {
            page.Add(branch[i]);
            bytes += branch[i].Size;
        }

        return page;
    }

    private StreamAppend Note(IReadOnlyList<SyncEvent> branch, Places places)
    {
        var payload = OriginNames.Note(branch[0].Dot.Origin, json =>
        {
            json.WriteNumber("first", branch[0].Dot.Sequence);
            json.WriteNumber("count", branch.Count);
            json.WriteNumber("repair", places.Count + 1);
        });
        return new StreamAppend(
            Branches,
            [EventEnvelope.Create(Branches, "branch-adopted", payload, timeProvider: timeProvider)],
            ExpectedVersion.Exactly(new StreamVersion(places.Branches)));
    }

    private async Task<Places> ReadPlacesAsync(
        List<(Dot Place, long? Repair)>? givenUp, CancellationToken cancellationToken)
    {
        // The notes first: what they name is stored by then.
        var branches = await reader.GetHeadAsync(Branches, cancellationToken).ConfigureAwait(false);
        var notes = new Queue<(Dot First, long Count, long Repair)>(
            (await _notes.LoadAsync(Branches, cancellationToken).ConfigureAwait(false)).SelectMany(TryRead));
        var (map, adopted, last) = (new ConcurrentDictionary<Dot, long>(), new HashSet<Origin>(), 0L);
        await foreach (var stored in reader.ReadStreamAsync(Repairs, cancellationToken: cancellationToken)
            .ConfigureAwait(false))
        {
            Adopt(before: stored.Version);
            last = stored.Version;
            if (StoredSyncEvent.TryReadRepair(stored) is { } good)
            {
                map[good.Dot] = stored.Version;
            }
        }

        Adopt(before: long.MaxValue);
        return new Places(map, adopted, last, branches.Version.Value);

        void Adopt(long before)
        {
            while (notes.TryPeek(out var note) && note.Repair + note.Count <= before)
            {
                notes.Dequeue();
                adopted.Add(note.First.Origin);
                for (var i = 0; i < note.Count; i++)
                {
                    var place = note.First with { Sequence = note.First.Sequence + i };
                    givenUp?.Add((place, map.TryGetValue(place, out var repair) ? repair : null));
                    map[place] = note.Repair + i;
                }
            }
        }
    }

    // Where a note is damaged, the branch that was given up stands again: peers say so, and the log itself.
    private static IEnumerable<(Dot First, long Count, long Repair)> TryRead(EventEnvelope note)
    {
        if (OriginNames.TryRead(note) is { } origin
            && Number("first") is { } first && Number("count") is { } count && Number("repair") is { } repair)
        {
            yield return (new Dot(origin, first), count, repair);
        }

        long? Number(string name) =>
            note.Payload.TryGetProperty(name, out var number) && number.TryGetInt64(out var value) ? value : null;
    }

    /// <summary>What stands where, how many repairs there are, and how many branches were adopted.</summary>
    internal sealed record Places(
        ConcurrentDictionary<Dot, long> Map, IReadOnlySet<Origin> Adopted, long Count, long Branches)
    {
        public bool TryGet(Dot place, out long version) => Map.TryGetValue(place, out version);

        /// <summary>The same with more; a branch all at once for those who read.</summary>
        public Places With(IReadOnlyList<SyncEvent> events, long from, bool isBranch)
        {
            var map = isBranch ? new ConcurrentDictionary<Dot, long>(Map) : Map;
            for (var i = 0; i < events.Count; i++)
            {
                map[events[i].Dot] = from + i;
            }

            return isBranch
                ? new Places(map, Adopted.Append(events[0].Dot.Origin).ToHashSet(), Count + events.Count, Branches + 1)
                : this with { Count = Count + events.Count };
        }
    }
}
