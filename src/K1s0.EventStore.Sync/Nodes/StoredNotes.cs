namespace K1s0.EventStore.Sync;

/// <summary>Reads the streams of notes that <see cref="EventStoreReplicaStore"/> keeps beside the logs.</summary>
internal sealed class StoredNotes(IEventStore store, IStreamReader reader)
{
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

        var readable = new List<EventEnvelope>();
        var end = await reader.GetHeadAsync(notes, cancellationToken).ConfigureAwait(false);
        for (var version = 1L; version <= end.Version.Value; version++)
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
