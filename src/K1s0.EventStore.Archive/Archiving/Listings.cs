namespace K1s0.EventStore.Archive;

/// <summary>Lists verified batches in manifests: held in the books, then put, then noted. Not thread-safe.</summary>
internal sealed class Listings(IArchiveCatalog catalog, IObjectStore objects, TimeProvider timeProvider)
{
    /// <summary>How often a put is tried whose outcome nobody knows.</summary>
    public const int PutAttempts = 3;

    private const int BatchesPerManifest = 1_000;

    private readonly ArchiveManifests _manifests = new(objects);
    private ArchiveListing? _known;

    /// <summary>Finishes a manifest that was begun, then lists what is verified.</summary>
    /// <returns>The last position of each manifest that was listed.</returns>
    /// <exception cref="ManifestConflictException">Bucket and books do not belong together.</exception>
    public async Task<IReadOnlyList<Position>> ListAsync(Func<Task<Lease>> renew, CancellationToken cancellationToken)
    {
        var listed = new List<Position>();
        while (true)
        {
            var status = await catalog.GetStatusAsync(cancellationToken).ConfigureAwait(false);
            var open = status.ManifestIsOpen
                ? await catalog.FindOpenManifestAsync(cancellationToken).ConfigureAwait(false)
                : await PlanAsync(renew, status, cancellationToken).ConfigureAwait(false);
            if (open is null)
            {
                return listed;
            }

            await FinishAsync(renew, ArchiveManifest.Read(open.Content), cancellationToken).ConfigureAwait(false);
            listed.Add(open.Through);
        }
    }

    /// <summary>Finishes what was begun, and lists a batch in the place of others.</summary>
    /// <returns>The listing with it.</returns>
    /// <exception cref="ManifestConflictException">
    /// What it replaces is not listed any more; or bucket and books do not belong together.
    /// </exception>
    public async Task<ArchiveListing> ReplaceAsync(
        Func<Task<Lease>> renew, BatchReplacement replacement, CancellationToken cancellationToken)
    {
        await ListAsync(renew, cancellationToken).ConfigureAwait(false);
        var status = await catalog.GetStatusAsync(cancellationToken).ConfigureAwait(false);
        var listing = await ReadAsync(status, cancellationToken).ConfigureAwait(false);
        var lease = await renew().ConfigureAwait(false);
        var manifest = listing.Replace(lease.Epoch, timeProvider.GetUtcNow(), replacement, status.Store);
        await catalog.PlanReplacementAsync(
            lease,
            new PlannedManifest(manifest.Number, manifest.Digest, manifest.Content, status.Listed),
            manifest.Previous,
            replacement,
            cancellationToken).ConfigureAwait(false);
        await FinishAsync(renew, manifest, cancellationToken).ConfigureAwait(false);
        return _known = listing.With(manifest);
    }

    /// <summary>Puts a manifest that is held in the books, and notes that it is put.</summary>
    /// <exception cref="ManifestConflictException">Its number is taken.</exception>
    public async Task FinishAsync(
        Func<Task<Lease>> renew, ArchiveManifest manifest, CancellationToken cancellationToken)
    {
        await PutAsync(manifest, cancellationToken).ConfigureAwait(false);
        await catalog.ListManifestAsync(
            await renew().ConfigureAwait(false), manifest.Number, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Books that never had a manifest belong to a bucket without any.</summary>
    /// <exception cref="ManifestConflictException">The bucket has some: they are to be adopted first.</exception>
    public async Task CheckBeginningAsync(ArchiveStatus status, CancellationToken cancellationToken)
    {
        if (status.Manifest is null
            && await _manifests.ReadLatestAsync(cancellationToken: cancellationToken).ConfigureAwait(false)
                is { } listing)
        {
            throw new ManifestConflictException(
                listing.Number, "the bucket has manifests, and the books of this store have none.");
        }
    }

    // Null when nothing is verified that is not listed.
    private async Task<PlannedManifest?> PlanAsync(
        Func<Task<Lease>> renew, ArchiveStatus status, CancellationToken cancellationToken)
    {
        var open = await catalog.ListBatchesAsync(status.Listed, BatchesPerManifest, cancellationToken)
            .ConfigureAwait(false);
        var verified = open.TakeWhile(batch => batch.State is ArchiveState.Verified).ToList();
        if (verified.Count == 0)
        {
            return null;
        }

        var listing = await ReadAsync(status, cancellationToken).ConfigureAwait(false);
        var lease = await renew().ConfigureAwait(false);
        var manifest = listing.Next(
            lease.Epoch, timeProvider.GetUtcNow(), [.. verified.Select(Listed)], store: status.Store);
        var planned = new PlannedManifest(
            manifest.Number, manifest.Digest, manifest.Content, verified[^1].Plan.Last);
        await catalog.PlanManifestAsync(lease, planned, manifest.Previous, cancellationToken).ConfigureAwait(false);
        return planned;
    }

    // Who put it and lost the answer, or was followed by another leader, finds it there: the bytes are the same.
    private async Task PutAsync(ArchiveManifest manifest, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await _manifests.PutAsync(manifest, cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (WriteOutcomeUnknownException) when (attempt < PutAttempts)
            {
                // Repeating it settles it.
            }
        }
    }

    private async Task<ArchiveListing> ReadAsync(ArchiveStatus status, CancellationToken cancellationToken)
    {
        var (number, digest) = (status.Manifest?.Number ?? 0, status.Manifest?.Digest ?? default);
        if (_known is null || _known.Number != number || _known.Digest != digest)
        {
            _known = await _manifests.ReadLatestAsync(cancellationToken: cancellationToken).ConfigureAwait(false)
                ?? ArchiveListing.Empty(status.Store);
        }

        if (_known.Number == number && _known.Digest == digest && _known.Store.StoreId == status.Store.StoreId
            && await CatalogEntries.AreListedAsync(catalog, _known, cancellationToken).ConfigureAwait(false))
        {
            return _known;
        }

        var found = _known;
        _known = null;
        var now = await catalog.GetStatusAsync(cancellationToken).ConfigureAwait(false);
        if ((now.Manifest?.Number ?? 0) != number || now.ManifestIsOpen)
        {
            throw new ArchiveRefusedException(ArchiveRefusal.Moved, "Another leader has listed batches since.");
        }

        throw new ManifestConflictException(
            Math.Max(1, found.Number),
            $"the books say that manifest {number} is the last one, or that it has other batches: an adoption was cut "
            + "off, or they are of another bucket.");
    }

    private static ManifestBatch Listed(BatchEntry batch) =>
        ManifestBatch.Of(batch.Plan, batch.Stored!, batch.EventsDigest);
}
