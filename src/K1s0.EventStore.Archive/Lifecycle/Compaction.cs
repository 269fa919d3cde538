using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Archive;

/// <summary>
/// Makes one large batch of small ones that lie side by side. The new object is put, downloaded anew, decoded and
/// compared with the old ones before a manifest lists it in their place; the old ones stay until the grace period is
/// over. An exception in the middle leaves the old listing and at most an object that nobody lists, which the next run
/// uses, since its key comes from its content.
/// </summary>
internal sealed class Compaction(IObjectStore objects, IArchiveListings listings, LifecyclePolicy policy)
{
    private const int AttemptLength = 24;

    // What is made is smaller than its parts: a quarter more, so that it does not count as small again.
    private const double Surplus = 1.25;

    private static readonly EventBatchLimits Limits = EventBatchLimits.Compaction;

    // Room for frames that end early, so that what was counted as fitting does.
    private static readonly EventBatchLimits Room = new(10_000_000, 80 * 1024 * 1024);

    /// <summary>The batches that can be made into one, in order; each group is large enough, or old enough.</summary>
    public IEnumerable<IReadOnlyList<ManifestBatch>> Groups(ArchiveListing listing, DateTimeOffset now)
    {
        var (leaves, final) = (policy.Steps[Math.Min(1, policy.Steps.Count - 1)].FromAge, policy.Steps[^1].FromAge);
        var group = new List<ManifestBatch>();
        foreach (var batch in listing.Batches)
        {
            var isSmall = batch.StoredBytes < policy.CompactBelowBytes && now - batch.Latest >= leaves;
            var fits = group.Sum(part => part.ContentBytes) + batch.ContentBytes <= Limits.MaxContentBytes
                && group.Sum(part => part.EventCount) + batch.EventCount <= Limits.MaxEvents;
            if (group.Count > 1 && isSmall && !fits)
            {
                yield return group;
            }

            if (!isSmall || !fits)
            {
                // What lies between large ones has nothing to wait for.
                if (group.Count > 1 && !isSmall && now - group[^1].Latest >= final)
                {
                    yield return group;
                }

                group = [];
            }

            if (isSmall)
            {
                group.Add(batch);
            }

            if (group.Count > 1 && group.Sum(part => part.StoredBytes) >= Surplus * policy.CompactBelowBytes)
            {
                yield return group;
                group = [];
            }
        }

        if (group.Count > 1 && now - group[^1].Latest >= final)
        {
            yield return group;
        }
    }

    /// <summary>Makes one batch of a group and lists it.</summary>
    /// <returns>The listing, and how many batches went in: 0 when they do not fit into one after all.</returns>
    public async Task<(ArchiveListing Listing, int From, long Bytes)> RunAsync(
        ArchiveListing listing, IReadOnlyList<ManifestBatch> group, CancellationToken cancellationToken)
    {
        while (group.Count > 1)
        {
            if (await MergeAsync(group, cancellationToken).ConfigureAwait(false) is { } merged)
            {
                var next = await listings.ReplaceAsync(
                    listing, merged, [.. group.Select(batch => batch.Key)], cancellationToken).ConfigureAwait(false);
                return (next, group.Count, merged.StoredBytes);
            }

            // Events of an awkward length fill their frames badly.
            group = [.. group.Take(group.Count / 2)];
        }

        return (listing, 0, 0);
    }

    private async Task<ManifestBatch?> MergeAsync(
        IReadOnlyList<ManifestBatch> group, CancellationToken cancellationToken)
    {
        using var digest = new EventRunDigest();
        EventBatchWriter? writer = null;
        foreach (var part in group)
        {
            var (events, store) = await BatchContent.ReadAsync(objects, part, options: null, cancellationToken)
                .ConfigureAwait(false);
            writer ??= new EventBatchWriter(store, Room);
            foreach (var envelope in events)
            {
                digest.Add(envelope);
                if (!writer.TryAdd(envelope))
                {
                    return null;
                }
            }
        }

        var batch = writer!.Finish();
        var objectDigest = Sha256Digest.Of(batch.Content.Span);
        var merged = new ManifestBatch(
            batch.Key($"c{objectDigest.ToString()[..AttemptLength]}"),
            group[0].After,
            batch.Index.First,
            batch.Index.Last,
            batch.Index.EventCount,
            batch.Index.Earliest,
            batch.Index.Latest,
            batch.Index.ContentLength,
            batch.Content.Length,
            objectDigest,
            digest.Finish());
        if (await objects.PutIfAbsentAsync(merged.Key, batch.Content, batch.Attributes(), cancellationToken)
            .ConfigureAwait(false) is PutOutcome.Taken)
        {
            throw new ObjectDamagedException(merged.Key.Value, "its key names another content than it holds.");
        }

        // A fresh download, decoded and counted: only what was read counts as stored.
        await BatchContent.ReadAsync(objects, merged, options: null, cancellationToken).ConfigureAwait(false);
        return merged;
    }
}
