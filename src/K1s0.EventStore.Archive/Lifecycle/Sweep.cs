namespace K1s0.EventStore.Archive;

/// <summary>
/// Removes objects of batches that no manifest lists any more, after the grace period. What lies behind the last listed
/// event belongs to an upload that is under way, and stays. So does what left the listing with its events, as a lost
/// timeline does. Before an object goes, the listed ones that hold its events are seen to be there.
/// </summary>
internal sealed class Sweep(IObjectStore objects, IArchiveListings listings, LifecyclePolicy policy)
{
    private readonly ArchiveManifests _manifests = new(objects);

    /// <summary>
    /// What may go, in order of keys. Nothing, when it cannot be read what has to stay for good: then with the key of
    /// the object that is damaged.
    /// </summary>
    public async Task<(IReadOnlyList<ObjectInfo> Removals, string? Damaged)> FindAsync(
        ArchiveListing listing, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var kept = await ListedSinceAsync(listing, now - policy.RemoveAfter, cancellationToken).ConfigureAwait(false);
        var found = new List<ObjectInfo>();
        var entries = objects.ListAsync(BatchKey.Folder, cancellationToken: cancellationToken);
        await foreach (var entry in entries.ConfigureAwait(false))
        {
            if (BatchKey.TryParse(entry.Key) is not var (first, last)
                || kept.Contains(entry.Key)
                || first <= listing.Batches[0].After
                || last > listing.Last)
            {
                continue;
            }

            // Put a while ago: a compaction that is under way has not come to its manifest.
            var info = await objects.HeadAsync(entry.Key, cancellationToken).ConfigureAwait(false);
            if (info is not null && now - info.StoredAt >= policy.RemoveAfter
                && await IsHeldAsync(listing, first, last, cancellationToken).ConfigureAwait(false))
            {
                found.Add(info);
            }
        }

        if (found.Count == 0)
        {
            return ([], null);
        }

        try
        {
            // What left the listing together with its events is nowhere else.
            var lost = await new LostTimelines(objects).ReadAsync(cancellationToken).ConfigureAwait(false);
            return ([.. found.Where(info => !lost.Contains(info.Key))], null);
        }
        catch (ObjectDamagedException e)
        {
            // The plan names it. Whatever else the lifecycle does goes on.
            return ([], e.Key);
        }
    }

    // Every batch that was listed at some time since then.
    private async Task<HashSet<ObjectKey>> ListedSinceAsync(
        ArchiveListing listing, DateTimeOffset since, CancellationToken cancellationToken)
    {
        var kept = listing.Batches.Select(batch => batch.Key).ToHashSet();
        var number = listing.Number;
        while (number > 0)
        {
            var manifest = await _manifests.ReadAsync(number, cancellationToken).ConfigureAwait(false)
                ?? throw new ObjectDamagedException(
                    ArchiveManifest.KeyOf(number).Value, "it is gone, though later ones count on it.");

            // What it took away was listed until then; what a complete one left out, the one before it listed.
            kept.UnionWith(manifest.Added.Select(batch => batch.Key));
            if (await listings.FindListedAtAsync(manifest, cancellationToken).ConfigureAwait(false) is { } at
                && at <= since)
            {
                break;
            }

            kept.UnionWith(manifest.Removed);
            number--;
            if (manifest.IsComplete && number > 0)
            {
                number = await KeepListedAtAsync(number, kept, cancellationToken).ConfigureAwait(false);
            }
        }

        return kept;
    }

    // A complete manifest does not say what it left out: all that was listed just before stays for this time.
    private async Task<long> KeepListedAtAsync(
        long number, HashSet<ObjectKey> kept, CancellationToken cancellationToken)
    {
        var manifest = await _manifests.ReadAsync(number, cancellationToken).ConfigureAwait(false);
        for (var listed = manifest?.Base ?? number; listed <= number; listed++)
        {
            var part = await _manifests.ReadAsync(listed, cancellationToken).ConfigureAwait(false);
            kept.UnionWith(part?.Added.Select(batch => batch.Key) ?? []);
        }

        return number;
    }

    private async Task<bool> IsHeldAsync(
        ArchiveListing listing, Position first, Position last, CancellationToken cancellationToken)
    {
        foreach (var batch in listing.Batches.Where(batch => batch.First <= last && batch.Last >= first))
        {
            var info = await objects.HeadAsync(batch.Key, cancellationToken).ConfigureAwait(false);
            if (info is null || info.Digest != batch.Digest)
            {
                return false;
            }
        }

        return true;
    }
}
