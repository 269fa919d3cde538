using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Archive;

/// <summary>What was found in an object that was read back as a whole.</summary>
internal sealed record BatchProof(Sha256Digest EventsDigest, IReadOnlyList<MonthDigest> Months)
{
    /// <summary>
    /// For objects whose digests are listed: frames as long as a writer can make them, 160 MiB. The length of all lines
    /// is listed too.
    /// </summary>
    public static EventBatchReaderOptions Reading { get; } = new(160 * 1024 * 1024);

    /// <summary>
    /// Reads a batch's object afresh, decodes all of it, recomputes every digest, and every link of the chains of its
    /// streams.
    /// </summary>
    /// <returns>What it has; or why it is not the batch.</returns>
    /// <exception cref="UnsupportedFormatException">A newer program has written it: that is no fault of it.</exception>
    public static async Task<(BatchProof? Proof, string? Fault)> ReadAsync(
        IObjectStore objects, BatchEntry batch, StoreIdentity store, CancellationToken cancellationToken)
    {
        var stored = batch.Stored!;
        try
        {
            var found = await objects.GetAsync(new ObjectKey(stored.Key), stored.StoredBytes, cancellationToken)
                .ConfigureAwait(false);
            if (found is null)
            {
                return (null, "The object is gone.");
            }

            if (found.Content.Length != stored.StoredBytes || found.Info.Digest != stored.Digest)
            {
                return (null, "The object is another one.");
            }

            var (proof, index, fault) = Of(found, batch, store);
            return proof is null || index == stored.IndexDigest ? (proof, fault) : (null, "The index is another one.");
        }
        catch (ObjectDamagedException e)
        {
            return (null, e.Message);
        }
    }

    /// <summary>
    /// The same for an object that was read and has its digest, with the digest of its index, which is not looked at.
    /// </summary>
    /// <exception cref="UnsupportedFormatException">A newer program has written it: that is no fault of it.</exception>
    public static (BatchProof? Proof, Sha256Digest Index, string? Fault) Of(
        StoredObject found, BatchEntry batch, StoreIdentity store)
    {
        try
        {
            var index = BatchTail.Read(found.Content.Span, found.Content.Length);
            var (proof, fault) = index.Store.StoreId != store.StoreId
                ? (null, "The batch is of another store.")
                : index.ContentLength != batch.Plan.ContentBytes || index.EventCount != batch.Plan.EventCount
                    ? (null, "The batch has another length than planned.")
                    : Decode(found.Content, batch.Plan);
            return (proof, index.Digest, fault);
        }
        catch (Exception e) when (e is InvalidFormatException or DecompressionException or ArgumentException)
        {
            return (null, default, e.Message);
        }
    }

    /// <summary>The same for an object that a manifest lists, with the digests that it lists.</summary>
    /// <exception cref="ObjectDamagedException">It is not the one that is listed.</exception>
    /// <exception cref="UnsupportedFormatException">A newer program has written it: that is no fault of it.</exception>
    public static (BatchProof Proof, Sha256Digest Index) OfListed(
        StoredObject found, ManifestBatch listed, BatchEntry batch, StoreIdentity store)
    {
        string? fault = null;
        if (found.Info.Digest == listed.Digest)
        {
            (var proof, var index, fault) = Of(found, batch, store);
            if (proof is not null && proof.EventsDigest == listed.EventsDigest)
            {
                return (proof, index);
            }
        }

        throw new ObjectDamagedException(listed.Key.Value, fault ?? "it is not the one that is listed.");
    }

    /// <summary>The digest of all events of a batch that was just made.</summary>
    public static Sha256Digest EventsOf(ReadOnlyMemory<byte> content) =>
        EventRunDigest.Of(EventBatchReader.Decode(content, Reading));

    private static (BatchProof? Proof, string? Fault) Decode(ReadOnlyMemory<byte> content, BatchPlan plan)
    {
        var events = EventBatchReader.Decode(content, Reading).ToList();
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
}
