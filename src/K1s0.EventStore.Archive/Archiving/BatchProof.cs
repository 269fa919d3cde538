using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Archive;

/// <summary>What was found in an object that was read back as a whole.</summary>
internal sealed record BatchProof(Sha256Digest EventsDigest, IReadOnlyList<MonthDigest> Months)
{
    /// <summary>
    /// Reads a batch's object afresh, decodes all of it, recomputes every digest, and every link of the chains of its
    /// streams.
    /// </summary>
    /// <returns>What it has; or why it is not the batch.</returns>
    public static async Task<(BatchProof? Proof, string? Fault)> ReadAsync(
        IObjectStore objects, BatchEntry batch, StoreIdentity store, CancellationToken cancellationToken)
    {
        var stored = batch.Stored!;
        try
        {
            var found = await objects.GetAsync(new ObjectKey(stored.Key), cancellationToken).ConfigureAwait(false);
            if (found is null)
            {
                return (null, "The object is gone.");
            }

            return found.Content.Length == stored.StoredBytes && found.Info.Digest == stored.Digest
                ? Decode(found.Content, batch, store)
                : (null, "The object is another one.");
        }
        catch (Exception e) when (
            e is ObjectDamagedException or InvalidFormatException or UnsupportedFormatException
                or DecompressionException or ArgumentException)
        {
            return (null, e.Message);
        }
    }

    private static (BatchProof? Proof, string? Fault) Decode(
        ReadOnlyMemory<byte> content, BatchEntry batch, StoreIdentity store)
    {
        var index = BatchTail.Read(content.Span, content.Length);
        var events = EventBatchReader.Decode(content, ReaderOptions).ToList();
        var plan = batch.Plan;
        if (index.Store.StoreId != store.StoreId || index.Digest != batch.Stored!.IndexDigest)
        {
            return (null, "The batch is of another store, or another one.");
        }

        if (events.Count != plan.EventCount
            || events[0].Position != plan.First
            || events[^1].Position != plan.Last
            || events.Min(envelope => envelope.RecordedAt) != plan.Earliest
            || events.Max(envelope => envelope.RecordedAt) != plan.Latest)
        {
            return (null, "The batch has other events than planned.");
        }

        // Over the whole batch, also where a stream goes on in another frame.
        var chain = new FrameChain();
        foreach (var envelope in events)
        {
            chain.NeedsChain(envelope);
            chain.Add(envelope);
        }

        return (new BatchProof(EventRunDigest.Of(events), MonthDigest.Of(events)), null);
    }

    // As long as a writer can make them.
    private static EventBatchReaderOptions ReaderOptions => new(160 * 1024 * 1024);
}
