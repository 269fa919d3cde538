using System.Collections.Concurrent;

namespace K1s0.EventStore.Sync;

/// <summary>
/// Reads the logs that <see cref="EventStoreReplicaStore"/> keeps, each event verified, and keeps the repairs of
/// damaged ones: a store of events never changes one, so a good event is appended to a stream of repairs, and stands
/// from then on in the place of the damaged one. The last repair of a place counts.
/// </summary>
internal sealed class StoredLogs(
    IEventStore store, IEventAppender appender, IStreamReader reader)
{
    /// <summary>The most repairs of a store: 65,536. A store that needs more is to be made anew.</summary>
    public const int MaxRepairs = 65_536;

    // An event may have a mebibyte, so pages are small; they are of hashes when many are needed.
    private const int EventsPerPage = 64;

    private static readonly StreamId Repairs = new("k1s0-sync", "repairs");

    // Which version of the stream of repairs stands for a place. Null until somebody needs it.
    private volatile ConcurrentDictionary<Dot, long>? _repaired;

    // Versions of the stream of repairs; used by whoever repairs, one at a time.
    private long _repairs;

    /// <summary>An event of a log as it stands now, repairs included.</summary>
    /// <exception cref="InvalidFormatException">It is not what was stored.</exception>
    public async Task<(SyncEvent Event, VectorClock? Context)> ReadAsync(
        EventEnvelope stored, Origin origin, CancellationToken cancellationToken)
    {
        var repaired = _repaired ?? await LoadRepairsAsync(cancellationToken).ConfigureAwait(false);
        return repaired.TryGetValue(new Dot(origin, stored.Version), out var version)
            ? (await ReadRepairAsync(version, cancellationToken).ConfigureAwait(false), null)
            : StoredSyncEvent.Read(stored, origin);
    }

    /// <summary>Events of a log, by sequence; fewer when the log ends.</summary>
    /// <exception cref="InvalidFormatException">One is damaged, or is gone.</exception>
    public async Task<List<SyncEvent>> LoadAsync(
        Origin origin, long first, long last, CancellationToken cancellationToken)
    {
        var repaired = _repaired ?? await LoadRepairsAsync(cancellationToken).ConfigureAwait(false);
        var loaded = await store.LoadAsync(OriginNames.Log(origin), first, last, cancellationToken)
            .ConfigureAwait(false);
        var events = new List<SyncEvent>(loaded.Count);
        foreach (var stored in loaded)
        {
            while (first + events.Count < stored.Version)
            {
                events.Add(await ReadGoneAsync(first + events.Count).ConfigureAwait(false));
            }

            events.Add((await ReadAsync(stored, origin, cancellationToken).ConfigureAwait(false)).Event);
        }

        // Behind the last row that is there, only a repair says that the log goes on.
        while (first + events.Count <= last && repaired.ContainsKey(new Dot(origin, first + events.Count)))
        {
            events.Add(await ReadGoneAsync(first + events.Count).ConfigureAwait(false));
        }

        return events;

        async Task<SyncEvent> ReadGoneAsync(long sequence) =>
            repaired.TryGetValue(new Dot(origin, sequence), out var version)
                ? await ReadRepairAsync(version, cancellationToken).ConfigureAwait(false)
                : throw new InvalidFormatException("log of a replica", $"event {sequence} of {origin} is gone.");
    }

    /// <summary>
    /// The events of a part of a log that are whole, each with the whole context where that is stored.
    /// </summary>
    public async Task<List<(SyncEvent Event, VectorClock? Context)>> LoadStoredAsync(
        Origin origin, long first, long last, CancellationToken cancellationToken)
    {
        var whole = new List<(SyncEvent Event, VectorClock? Context)>();
        try
        {
            foreach (var stored in await store.LoadAsync(OriginNames.Log(origin), first, last, cancellationToken)
                .ConfigureAwait(false))
            {
                whole.Add(await ReadAsync(stored, origin, cancellationToken).ConfigureAwait(false));
            }
        }
        catch (EventStoreException e) when (IsDamage(e))
        {
            // One by one: the damaged ones are left out.
        }

        if (whole.Count == last - first + 1)
        {
            return whole;
        }

        whole.Clear();
        for (var sequence = first; sequence <= last; sequence++)
        {
            var one = await TryLoadAsync(new Dot(origin, sequence), cancellationToken).ConfigureAwait(false);
            if (one is not null)
            {
                whole.Add(one.Value);
            }
        }

        return whole;
    }

    /// <summary>The events of a stream of notes that can be read.</summary>
    public async Task<IReadOnlyList<EventEnvelope>> LoadNotesAsync(
        StreamId notes, CancellationToken cancellationToken)
    {
        try
        {
            return await store.LoadAsync(notes, cancellationToken: cancellationToken).ConfigureAwait(false);
        }
        catch (EventStoreException e) when (IsDamage(e))
        {
            // One by one: the damaged ones are left out.
        }

        var readable = new List<EventEnvelope>();
        var end = await reader.GetHeadAsync(notes, cancellationToken).ConfigureAwait(false);
        for (var version = 1L; version <= end.Version.Value; version++)
        {
            try
            {
                readable.AddRange(
                    await store.LoadAsync(notes, version, version, cancellationToken).ConfigureAwait(false));
            }
            catch (EventStoreException e) when (IsDamage(e))
            {
                // What it said is found out in another way.
            }
        }

        return readable;
    }

    /// <summary>The links of the events that are whole.</summary>
    public async Task<List<LogLink>> ReadLinksAsync(
        Origin origin, long first, long last, CancellationToken cancellationToken)
    {
        var links = new List<LogLink>();
        for (var from = first; from <= last; from += EventsPerPage)
        {
            var to = Math.Min(last, from + EventsPerPage - 1);
            foreach (var whole in await LoadWholeAsync(origin, from, to, cancellationToken).ConfigureAwait(false))
            {
                links.Add(new LogLink(whole.Dot.Sequence, whole.Hash, whole.Previous));
            }
        }

        return links;
    }

    /// <summary>The events of a part of a log that are whole.</summary>
    public async Task<List<SyncEvent>> LoadWholeAsync(
        Origin origin, long first, long last, CancellationToken cancellationToken)
    {
        try
        {
            return await LoadAsync(origin, first, last, cancellationToken).ConfigureAwait(false);
        }
        catch (EventStoreException e) when (IsDamage(e))
        {
            // One by one: the damaged ones are left out.
        }

        var whole = new List<SyncEvent>();
        for (var sequence = first; sequence <= last; sequence++)
        {
            var one = await TryLoadAsync(new Dot(origin, sequence), cancellationToken).ConfigureAwait(false);
            if (one is not null)
            {
                whole.Add(one.Value.Event);
            }
        }

        return whole;
    }

    /// <summary>Stores repairs, all or none.</summary>
    public async Task RepairAsync(IReadOnlyList<SyncEvent> events, CancellationToken cancellationToken)
    {
        var repaired = _repaired ?? await LoadRepairsAsync(cancellationToken).ConfigureAwait(false);
        var (from, added) = (_repairs, new List<SyncEvent>());
        foreach (var good in events)
        {
            var there = await TryLoadAsync(good.Dot, cancellationToken).ConfigureAwait(false);
            if (there?.Event.Hash != good.Hash)
            {
                added.Add(good);
            }
        }

        if (added.Count == 0)
        {
            return;
        }

        if (from + added.Count > MaxRepairs)
        {
            throw new InvalidOperationException(
                $"The store has {from} repairs, and keeps at most {MaxRepairs}: make the replica anew.");
        }

        // Read anew when the write fails: it may have come through all the same.
        _repaired = null;
        await appender.AppendAsync(
            [
                new StreamAppend(
                    Repairs,
                    [.. added.Select((good, at) => StoredSyncEvent.WriteRepair(good, Repairs, from + at + 1))],
                    ExpectedVersion.Exactly(new StreamVersion(from))),
            ],
            cancellationToken).ConfigureAwait(false);
        for (var i = 0; i < added.Count; i++)
        {
            repaired[added[i].Dot] = from + i + 1;
        }

        (_repairs, _repaired) = (from + added.Count, repaired);
    }

    internal static bool IsDamage(EventStoreException e) => e is InvalidFormatException or EventUnreadableException;

    private async Task<(SyncEvent Event, VectorClock? Context)?> TryLoadAsync(
        Dot dot, CancellationToken cancellationToken)
    {
        var repaired = _repaired ?? await LoadRepairsAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (repaired.TryGetValue(dot, out var version))
            {
                return (await ReadRepairAsync(version, cancellationToken).ConfigureAwait(false), null);
            }

            var loaded = await store.LoadAsync(
                OriginNames.Log(dot.Origin), dot.Sequence, dot.Sequence, cancellationToken).ConfigureAwait(false);
            return loaded.Count == 0 ? null : StoredSyncEvent.Read(loaded[0], dot.Origin);
        }
        catch (EventStoreException e) when (IsDamage(e))
        {
            return null;
        }
    }

    private async Task<SyncEvent> ReadRepairAsync(long version, CancellationToken cancellationToken)
    {
        var loaded = await store.LoadAsync(Repairs, version, version, cancellationToken).ConfigureAwait(false);
        return loaded.Count == 1
            ? StoredSyncEvent.ReadRepair(loaded[0])
            : throw new InvalidFormatException("log of a replica", $"repair {version} is gone.");
    }

    private async Task<ConcurrentDictionary<Dot, long>> LoadRepairsAsync(CancellationToken cancellationToken)
    {
        var (repaired, last) = (new ConcurrentDictionary<Dot, long>(), 0L);
        await foreach (var stored in reader.ReadStreamAsync(Repairs, cancellationToken: cancellationToken)
            .ConfigureAwait(false))
        {
            last = stored.Version;
            if (StoredSyncEvent.TryReadRepair(stored) is { } good)
            {
                repaired[good.Dot] = stored.Version;
            }
        }

        (_repairs, _repaired) = (last, repaired);
        return repaired;
    }
}
