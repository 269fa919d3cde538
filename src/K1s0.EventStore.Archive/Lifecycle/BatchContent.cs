using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Archive;

/// <summary>Whole batches, as they are listed or not at all.</summary>
internal static class BatchContent
{
    /// <summary>Downloads a batch and decodes all of it; everything is what the manifest says.</summary>
    /// <exception cref="ObjectDamagedException">It is gone, damaged, or not what is listed.</exception>
    /// <exception cref="UnsupportedFormatException">It is of another version.</exception>
    /// <exception cref="RestoreRequiredException">It lies in a class that cannot be read at once.</exception>
    /// <exception cref="StoreUnavailableException">It cannot be read at the moment.</exception>
    public static async Task<(IReadOnlyList<EventEnvelope> Events, StoreIdentity Store)> ReadAsync(
        IObjectStore objects,
        ManifestBatch batch,
        EventBatchReaderOptions? options,
        CancellationToken cancellationToken) =>
        await TryReadAsync(objects, batch, options, cancellationToken).ConfigureAwait(false) ?? throw Missing(batch);

    public static ObjectDamagedException Missing(ManifestBatch batch) =>
        new(batch.Key.Value, "it is listed, and not there.");

    /// <summary>The same; null when there is no such object.</summary>
    /// <exception cref="ObjectDamagedException">It is damaged, or not what is listed.</exception>
    /// <exception cref="UnsupportedFormatException">It is of another version.</exception>
    /// <exception cref="RestoreRequiredException">It lies in a class that cannot be read at once.</exception>
    /// <exception cref="StoreUnavailableException">It cannot be read at the moment.</exception>
    public static async Task<(IReadOnlyList<EventEnvelope> Events, StoreIdentity Store)?> TryReadAsync(
        IObjectStore objects,
        ManifestBatch batch,
        EventBatchReaderOptions? options,
        CancellationToken cancellationToken)
    {
        if (await objects.GetAsync(batch.Key, batch.StoredBytes, cancellationToken).ConfigureAwait(false)
            is not { } found)
        {
            return null;
        }

        Expect(batch, found.Info.Digest == batch.Digest, "its digest is not the one that is listed.");
        try
        {
            // Before anything is decompressed.
            var index = BatchTail.Read(found.Content.Span, found.Content.Length);
            Expect(
                batch,
                index.ContentLength == batch.ContentBytes,
                $"it has {index.ContentLength} bytes of lines, listed are {batch.ContentBytes}.");
            var events = EventBatchReader.Decode(found.Content, options).ToList();
            Check(batch, events);
            return (events, index.Store);
        }
        catch (Exception e) when (e is InvalidFormatException or DecompressionException)
        {
            throw new ObjectDamagedException(batch.Key.Value, e.Message, e);
        }
    }

    // Events that were decoded have the content that their digests say, and continue the chain of their frame.
    private static void Check(ManifestBatch batch, List<EventEnvelope> events)
    {
        Expect(
            batch, events.Count == batch.EventCount, $"it has {events.Count} events, listed are {batch.EventCount}.");
        Expect(
            batch,
            events[0].Position == batch.First && events[^1].Position == batch.Last,
            $"it has the positions {events[0].Position} to {events[^1].Position}, listed are {batch.First} to "
            + $"{batch.Last}.");
        for (var number = 1; number < events.Count; number++)
        {
            Expect(
                batch,
                events[number].Position > events[number - 1].Position,
                $"position {events[number].Position} is not in order.");
        }

        Expect(
            batch,
            events.Min(envelope => envelope.RecordedAt) == batch.Earliest
            && events.Max(envelope => envelope.RecordedAt) == batch.Latest,
            "its times are not those that are listed.");
        Expect(batch, EventRunDigest.Of(events) == batch.EventsDigest, "its events are not those that are listed.");
    }

    private static void Expect(ManifestBatch batch, bool condition, string otherwise)
    {
        if (!condition)
        {
            throw new ObjectDamagedException(batch.Key.Value, otherwise);
        }
    }
}
