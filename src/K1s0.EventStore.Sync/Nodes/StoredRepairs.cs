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
/// k1s0-sync / branches   {"origin":["replica",incarnation],"first":sequence,"count":n,"repair":version,"hash":"hex"}
///                        the n repairs from that version on stand in the places from that sequence on; the hash is
///                        that of the last one
/// </code>
/// A branch takes several appends. Its events stand for nothing until one more event, in the stream of branches, says
/// from where to where they are: then all of them stand in their places at one instant. What an exception or a crash
/// leaves before that does nothing; who tries it again with the same branch goes on behind it.
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

    /// <summary>An event of the stream of repairs that stands for a place.</summary>
    /// <exception cref="InvalidFormatException">It is damaged, is gone, or is of another place.</exception>
    public async Task<SyncEvent> ReadAsync(Dot place, long version, CancellationToken cancellationToken)
    {
        var loaded = await store.LoadAsync(Repairs, version, version, cancellationToken).ConfigureAwait(false);
        var read = loaded.Count == 1
            ? StoredSyncEvent.ReadRepair(loaded[0])
            : throw new InvalidFormatException("log of a replica", $"repair {version} is gone.");
        return read.Dot == place
            ? read
            : throw new InvalidFormatException("log of a replica", $"repair {version} is {read.Dot}, not {place}.");
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
        Publish(places.With(repairs, places.Count, isBranch: false));
    }

    /// <summary>Has a branch stand in its places; false when there is no room for it.</summary>
    public async Task<bool> AdoptAsync(IReadOnlyList<SyncEvent> branch, CancellationToken cancellationToken)
    {
        var places = await LoadAsync(cancellationToken).ConfigureAwait(false);
        var stored = await CountLeftAsync(branch, places, cancellationToken).ConfigureAwait(false);
        var behind = places.Count - stored;
        if (behind + branch.Count > MaxRepairs)
        {
            return false;
        }

        await ChangeAsync(async () =>
        {
            while (stored < branch.Count)
            {
                var page = Page(branch, stored);
                await AppendAsync(page, behind + stored, isBranch: true, cancellationToken).ConfigureAwait(false);
                stored += page.Count;
            }

            var note = new BranchNote(branch[0].Dot, branch.Count, behind + 1, branch[^1].Hash);
            await appender.AppendAsync([Append(note, places)], cancellationToken).ConfigureAwait(false);
        }).ConfigureAwait(false);
        Publish(places.With(branch, behind, isBranch: true));
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

    // How many events of the branch an adoption that failed has left at the end of the repairs.
    private async Task<int> CountLeftAsync(
        IReadOnlyList<SyncEvent> branch, Places places, CancellationToken cancellationToken)
    {
        var left = 0;
        await foreach (var (_, stored) in _notes.ReadAsync(Repairs, places.Claimed, cancellationToken)
            .ConfigureAwait(false))
        {
            var hash = stored is null ? null : StoredSyncEvent.TryReadRepair(stored)?.Event.Hash;
            left = left < branch.Count && hash == branch[left].Hash ? left + 1 : hash == branch[0].Hash ? 1 : 0;
        }

        return left;
    }

    private StreamAppend Append(BranchNote note, Places places) => new(
        Branches,
        [EventEnvelope.Create(Branches, "branch-adopted", note.ToPayload(), timeProvider: timeProvider)],
        ExpectedVersion.Exactly(new StreamVersion(places.Branches)));

    private async Task<Places> ReadPlacesAsync(
        List<(Dot Place, long? Repair)>? givenUp, CancellationToken cancellationToken)
    {
        // The notes first: what they name is stored by then.
        var branches = await reader.GetHeadAsync(Branches, cancellationToken).ConfigureAwait(false);
        var said = await _notes.LoadAsync(Branches, cancellationToken).ConfigureAwait(false);
        var end = (await reader.GetHeadAsync(Repairs, cancellationToken).ConfigureAwait(false)).Version.Value;
        var notes = new Queue<BranchNote>(
            said.Select(note => BranchNote.TryRead(note, end)).OfType<BranchNote>().OrderBy(note => note.End));
        var ends = notes.Select(note => note.End).ToHashSet();
        var (map, adopted) = (new ConcurrentDictionary<Dot, long>(), new HashSet<Origin>());
        var (last, claimed, before) = (0L, 0L, (SyncEvent?)null);
        await foreach (var (version, stored) in _notes.ReadAsync(Repairs, 0, cancellationToken)
            .ConfigureAwait(false))
        {
            Adopt(upTo: version - 1);
            last = version;
            var repair = stored is null ? null : StoredSyncEvent.TryReadRepair(stored);
            before = ends.Contains(last) ? repair?.Event : null;
            if (repair is (var good, false))
            {
                map[good.Dot] = claimed = last;
            }
        }

        Adopt(upTo: end);
        return new Places(map, adopted, last, claimed, branches.Version.Value);

        // Where a note is damaged, the branch that was given up stands again: peers say so, and the log itself. Where
        // the last event is damaged, the note is believed, and the event comes back.
        void Adopt(long upTo)
        {
            while (notes.TryPeek(out var note) && note.End <= upTo)
            {
                notes.Dequeue();
                if (note.End == last && before is not null && note.IsContradictedBy(before))
                {
                    continue;
                }

                claimed = Math.Max(claimed, note.End);
                adopted.Add(note.First.Origin);
                foreach (var (place, repair) in note.Places)
                {
                    givenUp?.Add((place, map.TryGetValue(place, out var earlier) ? earlier : null));
                    map[place] = repair;
                }
            }
        }
    }

    /// <summary>
    /// What stands where, how many repairs there are, which is the last that stands for something, or did, and how many
    /// branches were adopted.
    /// </summary>
    internal sealed record Places(
        ConcurrentDictionary<Dot, long> Map, IReadOnlySet<Origin> Adopted, long Count, long Claimed, long Branches)
    {
        public bool TryGet(Dot place, out long version) => Map.TryGetValue(place, out version);

        /// <summary>The same with more, behind so many repairs; a branch all at once for those who read.</summary>
        public Places With(IReadOnlyList<SyncEvent> events, long behind, bool isBranch)
        {
            var map = isBranch ? new ConcurrentDictionary<Dot, long>(Map) : Map;
            for (var i = 0; i < events.Count; i++)
            {
                map[events[i].Dot] = behind + i + 1;
            }

            var end = behind + events.Count;
            return isBranch
                ? new Places(map, Adopted.Append(events[0].Dot.Origin).ToHashSet(), end, end, Branches + 1)
                : this with { Count = end, Claimed = end };
        }
    }
}
