using System.Globalization;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Archive;

/// <summary>
/// Makes one large batch of small ones that lie side by side. The new object is put, downloaded anew, decoded and
/// compared with the old ones before a manifest lists it in their place; the old ones stay until the grace period is
/// over. An exception in the middle leaves the old listing and at most an object that nobody lists, which a run within
/// half an hour uses, since its key comes from its content.
/// </summary>
internal sealed class Compaction(
    IObjectStore objects, IArchiveListings listings, LifecyclePolicy policy, TimeProvider timeProvider)
{
    private const int DigestLength = 24;
    private const int MaxAttempts = 3;

    // What is made is smaller than its parts: a quarter more, so that it does not count as small again.
    private const double Surplus = 1.25;

    private static readonly EventBatchLimits Limits = EventBatchLimits.Compaction;

    // Room for frames that end early, so that what was counted as fitting does.
    private static readonly EventBatchLimits Room = new(10_000_000, 80 * 1024 * 1024);

    /// <summary>The batches that can be made into one, in order; each group is large enough, or old enough.</summary>
    public IEnumerable<IReadOnlyList<ManifestBatch>> Groups(ArchiveListing listing, Position border)
    {
        var now = timeProvider.GetUtcNow();
        var (leaves, final) = (policy.Steps[Math.Min(1, policy.Steps.Count - 1)].FromAge, policy.Steps[^1].FromAge);
        var group = new List<ManifestBatch>();
        foreach (var batch in listing.Batches)
        {
            var isSmall = batch.StoredBytes < policy.CompactBelowBytes && now - batch.Latest >= leaves;
            var fits = group.Sum(part => part.ContentBytes) + batch.ContentBytes <= Limits.MaxContentBytes
                && group.Sum(part => part.EventCount) + batch.EventCount <= Limits.MaxEvents
                && batch.After != border;
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
                var next = await listings.ReplaceAsync(listing, merged, cancellationToken).ConfigureAwait(false);
                return (next, group.Count, merged.Stored.StoredBytes);
            }

            // Events of an awkward length fill their frames badly.
            group = [.. group.Take(group.Count / 2)];
        }

        return (listing, 0, 0);
    }

    private async Task<BatchReplacement?> MergeAsync(
        IReadOnlyList<ManifestBatch> group, CancellationToken cancellationToken)
    {
        using var digest = new EventRunDigest();
        EventBatchWriter? writer = null;
        foreach (var part in group)
        {
            var (events, store) = await BatchContent.ReadAsync(objects, part, BatchProof.Reading, cancellationToken)
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

        return await StoreAsync(group, writer!.Finish(), digest.Finish(), cancellationToken).ConfigureAwait(false);
    }

    // Only what was read back counts as stored: a fresh download, decoded and counted.
    private async Task<BatchReplacement> StoreAsync(
        IReadOnlyList<ManifestBatch> group,
        EventBatch batch,
        Sha256Digest eventsDigest,
        CancellationToken cancellationToken)
    {
        var plan = BatchMaker.PlanOf(batch, group[0].After);
        var digest = Sha256Digest.Of(batch.Content.Span);
        var damaged = 0;
        for (var attempt = 1; ; attempt++)
        {
            var key = batch.Key(string.Create(
                CultureInfo.InvariantCulture, $"c{digest.ToString()[..DigestLength]}n{attempt}"));
            if (!await PutAsync(key, batch, cancellationToken).ConfigureAwait(false))
            {
                continue;
            }

            var stored = new BatchObject(key.Value, batch.Content.Length, digest, batch.Index.Digest);
            try
            {
                var (events, _) = await BatchContent.ReadAsync(
                    objects, ManifestBatch.Of(plan, stored, eventsDigest), BatchProof.Reading, cancellationToken)
                    .ConfigureAwait(false);
                return new BatchReplacement(
                    plan, stored, eventsDigest, MonthDigest.Of(events), [.. group.Select(part => part.Key.Value)]);
            }
            catch (ObjectDamagedException) when (++damaged < MaxAttempts)
            {
                // It lies there until it is nobody's for long enough; the next one gets another key.
            }
        }
    }

    // False when the key is taken by what somebody may be about to remove, by whatever policy: put by a run that was
    // cut off a while ago.
    private async Task<bool> PutAsync(ObjectKey key, EventBatch batch, CancellationToken cancellationToken)
    {
        switch (await objects.PutIfAbsentAsync(key, batch.Content, batch.Attributes(), cancellationToken)
            .ConfigureAwait(false))
        {
            case PutOutcome.Stored:
                return true;
            case PutOutcome.Taken:
                throw new ObjectDamagedException(key.Value, "its key names another content than it holds.");
        }

        var info = await objects.HeadAsync(key, cancellationToken).ConfigureAwait(false);
        return info is not null && timeProvider.GetUtcNow() - info.StoredAt < LifecyclePolicy.LeastRemoveAfter / 2;
    }
}
