using System.Runtime.CompilerServices;

namespace K1s0.EventStore.Sync;

/// <summary>
/// Reads the logs that <see cref="EventStoreReplicaStore"/> keeps, each event verified, and in its place the one that
/// was put there since: see <see cref="StoredRepairs"/>.
/// </summary>
internal sealed class StoredLogs(LogStreams streams, StoredRepairs repairs)
{
    // An event may have a mebibyte, so pages are small; they are of hashes when many are needed.
    private const int EventsPerPage = 64;

    /// <summary>An event of a log as it stands now, repairs included.</summary>
    /// <exception cref="InvalidFormatException">It is not what was stored.</exception>
    public async Task<(SyncEvent Event, VectorClock? Context)> ReadAsync(
        EventEnvelope stored, Origin origin, CancellationToken cancellationToken)
    {
        var repaired = await repairs.LoadAsync(cancellationToken).ConfigureAwait(false);
        var place = new Dot(origin, stored.Version);
        return repaired.TryGet(place, out var version)
            ? (await repairs.ReadAsync(place, version, cancellationToken).ConfigureAwait(false), null)
            : StoredSyncEvent.Read(stored, origin);
    }

    /// <summary>Events of a log, by sequence; fewer when the log ends.</summary>
    /// <exception cref="InvalidFormatException">One is damaged, or is gone.</exception>
    public async Task<List<SyncEvent>> LoadAsync(
        Origin origin, long first, long last, CancellationToken cancellationToken)
    {
        var repaired = await repairs.LoadAsync(cancellationToken).ConfigureAwait(false);
        var loaded = await LoadRowsAsync(origin, first, last, repaired, cancellationToken).ConfigureAwait(false);
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
        while (first + events.Count <= last && repaired.TryGet(new Dot(origin, first + events.Count), out _))
        {
            events.Add(await ReadGoneAsync(first + events.Count).ConfigureAwait(false));
        }

        return events;

        async Task<SyncEvent> ReadGoneAsync(long sequence) =>
            repaired.TryGet(new Dot(origin, sequence), out var version)
                ? await repairs.ReadAsync(new Dot(origin, sequence), version, cancellationToken).ConfigureAwait(false)
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
            foreach (var stored in await streams.LoadAsync(origin, first, last, cancellationToken)
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

    /// <summary>The links of the events that are whole.</summary>
    public async Task<List<LogLink>> ReadLinksAsync(
        Origin origin, long first, long last, CancellationToken cancellationToken)
    {
        var links = new List<LogLink>();
        first = await streams.FindFirstAsync(origin, first, cancellationToken).ConfigureAwait(false);
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
        first = await streams.FindFirstAsync(origin, first, cancellationToken).ConfigureAwait(false);
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
        var added = new List<SyncEvent>();
        foreach (var good in events)
        {
            var there = await TryLoadAsync(good.Dot, cancellationToken).ConfigureAwait(false);
            if (there?.Event.Hash != good.Hash)
            {
                added.Add(good);
            }
        }

        if (added.Count > 0)
        {
            await repairs.AppendAsync(added, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>See <see cref="IBranchReplicaStore.ReadGivenUpAsync"/>.</summary>
    public async IAsyncEnumerable<SyncEvent> ReadGivenUpAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var (place, repair) in await repairs.FindGivenUpAsync(cancellationToken).ConfigureAwait(false))
        {
            var there = await TryAsync(place, repair, cancellationToken).ConfigureAwait(false);
            if (there is not null)
            {
                yield return there.Value.Event;
            }
        }
    }

    // A row that the store cannot decode fails all that are loaded with it; it is not needed where a repair stands.
    private async Task<IReadOnlyList<EventEnvelope>> LoadRowsAsync(
        Origin origin, long first, long last, StoredRepairs.Places repaired, CancellationToken cancellationToken)
    {
        try
        {
            return await streams.LoadAsync(origin, first, last, cancellationToken).ConfigureAwait(false);
        }
        catch (EventStoreException e) when (IsDamage(e))
        {
            // One by one, without those that are repaired.
        }

        var rows = new List<EventEnvelope>();
        for (var sequence = first; sequence <= last; sequence++)
        {
            if (!repaired.TryGet(new Dot(origin, sequence), out _))
            {
                rows.AddRange(
                    await streams.LoadAsync(origin, sequence, sequence, cancellationToken).ConfigureAwait(false));
            }
        }

        return rows;
    }

    internal static bool IsDamage(EventStoreException e) => e is InvalidFormatException or EventUnreadableException;

    private async Task<(SyncEvent Event, VectorClock? Context)?> TryLoadAsync(
        Dot dot, CancellationToken cancellationToken)
    {
        var repaired = await repairs.LoadAsync(cancellationToken).ConfigureAwait(false);
        return await TryAsync(dot, repaired.TryGet(dot, out var version) ? version : null, cancellationToken)
            .ConfigureAwait(false);
    }

    // A repair, or else what was stored first in a place; null when it is damaged or gone.
    private async Task<(SyncEvent Event, VectorClock? Context)?> TryAsync(
        Dot dot, long? repair, CancellationToken cancellationToken)
    {
        try
        {
            if (repair is { } version)
            {
                return (await repairs.ReadAsync(dot, version, cancellationToken).ConfigureAwait(false), null);
            }

            var loaded = await streams.LoadAsync(dot.Origin, dot.Sequence, dot.Sequence, cancellationToken)
                .ConfigureAwait(false);
            return loaded.Count == 0 ? null : StoredSyncEvent.Read(loaded[0], dot.Origin);
        }
        catch (EventStoreException e) when (IsDamage(e))
        {
            return null;
        }
    }
}
