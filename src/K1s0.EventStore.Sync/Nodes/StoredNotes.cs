using System.Runtime.CompilerServices;

namespace K1s0.EventStore.Sync;

/// <summary>Reads the streams of notes that <see cref="EventStoreReplicaStore"/> keeps beside the logs.</summary>
internal sealed class StoredNotes(IEventStore store, IStreamReader reader)
{
    // An event may have a mebibyte.
    private const int EventsPerPage = 64;

    /// <summary>The events of a stream behind a version, up to its end; null for one that cannot be read.</summary>
    public async IAsyncEnumerable<(long Version, EventEnvelope? Stored)> ReadAsync(
        StreamId notes, long after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var end = (await reader.GetHeadAsync(notes, cancellationToken).ConfigureAwait(false)).Version.Value;
        for (var first = after + 1; first <= end; first += EventsPerPage)
        {
            var last = Math.Min(end, first + EventsPerPage - 1);
            var page = await LoadPageAsync(notes, first, last, cancellationToken).ConfigureAwait(false);
            var at = 0;
            for (var version = first; version <= last; version++)
            {
                var isThere = at < page.Count && page[at].Version == version;
                yield return (version, isThere ? page[at] : null);
                at += isThere ? 1 : 0;
            }
        }
    }

    /// <summary>The events of a stream of notes that can be read.</summary>
    public async Task<IReadOnlyList<EventEnvelope>> LoadAsync(StreamId notes, CancellationToken cancellationToken)
    {
        try
        {
            return await store.LoadAsync(notes, cancellationToken: cancellationToken).ConfigureAwait(false);
        }
        catch (EventStoreException e) when (StoredLogs.IsDamage(e))
        {
            // One by one: the damaged ones are left out.
        }

        var end = await reader.GetHeadAsync(notes, cancellationToken).ConfigureAwait(false);
        return await LoadOneByOneAsync(notes, 1, end.Version.Value, cancellationToken).ConfigureAwait(false);
    }

    private async Task<IReadOnlyList<EventEnvelope>> LoadPageAsync(
        StreamId notes, long first, long last, CancellationToken cancellationToken)
    {
        try
        {
            return await store.LoadAsync(notes, first, last, cancellationToken).ConfigureAwait(false);
        }
        catch (EventStoreException e) when (StoredLogs.IsDamage(e))
        {
            return await LoadOneByOneAsync(notes, first, last, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<List<EventEnvelope>> LoadOneByOneAsync(
        StreamId notes, long first, long last, CancellationToken cancellationToken)
    {
        var readable = new List<EventEnvelope>();
        for (var version = first; version <= last; version++)
        {
            try
            {
                readable.AddRange(
                    await store.LoadAsync(notes, version, version, cancellationToken).ConfigureAwait(false));
            }
            catch (EventStoreException e) when (StoredLogs.IsDamage(e))
            {
                // What it said is found out in another way.
            }
        }

        return readable;
    }
}
