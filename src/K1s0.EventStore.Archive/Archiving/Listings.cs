namespace K1s0.EventStore.Archive;

/// <summary>Lists verified batches in manifests: held in the books, then put, then noted. Not thread-safe.</summary>
/// <param name="leader">What the steps work with.</param>
/// <param name="proved">The objects that were read back since this leader leads; null for none.</param>
internal sealed class Listings(LeaderParts leader, IReadOnlySet<string>? proved = null)
{
    private const int BatchesPerManifest = 1_000;

    private readonly ArchiveManifests _manifests = new(leader.Objects);
    private readonly Settlement _settlement = new(leader, LostTimeline.Refuse);
    private ArchiveListing? _known;

    /// <summary>Finishes a manifest that was begun, then lists what is verified.</summary>
    /// <returns>The last position of each manifest that was listed.</returns>
    /// <exception cref="ManifestConflictException">Bucket and books do not belong together.</exception>
    public async Task<IReadOnlyList<Position>> ListAsync(CancellationToken cancellationToken)
    {
        var listed = new List<Position>();
        while (true)
        {
            var status = await leader.Catalog.GetStatusAsync(cancellationToken).ConfigureAwait(false);
            var through = status.ManifestIsOpen
                ? await leader.Held.FinishOpenAsync(cancellationToken).ConfigureAwait(false)
                : await ListAsync(status, cancellationToken).ConfigureAwait(false);
            if (through is not { } last)
            {
                return listed;
            }

            listed.Add(last);
        }
    }

    /// <summary>Finishes what was begun, and lists a batch in the place of others.</summary>
    /// <returns>The listing with it.</returns>
    /// <exception cref="ManifestConflictException">
    /// What it replaces is not listed any more; or bucket and books do not belong together.
    /// </exception>
    public async Task<ArchiveListing> ReplaceAsync(
        BatchReplacement replacement, CancellationToken cancellationToken)
    {
        await ListAsync(cancellationToken).ConfigureAwait(false);
        var status = await leader.Catalog.GetStatusAsync(cancellationToken).ConfigureAwait(false);
        var listing = await ReadAsync(status, cancellationToken).ConfigureAwait(false);
        var lease = await leader.RenewAsync().ConfigureAwait(false);
        var manifest = listing.Replace(lease.Epoch, leader.Now, replacement, status.Store);
        await leader.Catalog.PlanReplacementAsync(
            lease,
            new PlannedManifest(manifest.Number, manifest.Digest, manifest.Content, status.Listed),
            manifest.Previous,
            replacement,
            cancellationToken).ConfigureAwait(false);
        await leader.Held.FinishAsync(manifest, cancellationToken).ConfigureAwait(false);
        return _known = listing.With(manifest);
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
    private async Task<Position?> ListAsync(ArchiveStatus status, CancellationToken cancellationToken)
    {
        var open = await leader.Catalog.ListBatchesAsync(status.Listed, BatchesPerManifest, cancellationToken)
            .ConfigureAwait(false);
        var verified = open.TakeWhile(batch => batch.State is ArchiveState.Verified).ToList();
        if (verified.Count == 0)
        {
            return null;
        }

        var listing = await ReadAsync(status, cancellationToken).ConfigureAwait(false);
        var added = new List<ManifestBatch>();
        foreach (var batch in verified)
        {
            added.Add(await FindAsync(batch, status.Store, cancellationToken).ConfigureAwait(false));
        }

        var lease = await leader.RenewAsync().ConfigureAwait(false);
        var manifest = listing.Next(lease.Epoch, leader.Now, added, store: status.Store);
        var through = verified[^1].Plan.Last;
        await leader.Catalog.PlanManifestAsync(
            lease,
            new PlannedManifest(manifest.Number, manifest.Digest, manifest.Content, through),
            manifest.Previous,
            cancellationToken).ConfigureAwait(false);
        await leader.Held.FinishAsync(manifest, cancellationToken).ConfigureAwait(false);
        if (!added.Select(batch => batch.Key.Value)
            .SequenceEqual(verified.Select(batch => batch.Stored!.Key), StringComparer.Ordinal))
        {
            // The books go over to what was made anew.
            await _settlement.RunAsync(cancellationToken).ConfigureAwait(false);
        }

        return through;
    }

    // What an earlier run has read back may be gone: another timeline of the store has merged it since, and removed it.
    private async Task<ManifestBatch> FindAsync(
        BatchEntry batch, StoreIdentity store, CancellationToken cancellationToken)
    {
        var own = ManifestBatch.Of(batch.Plan, batch.Stored!, batch.EventsDigest);
        if (proved?.Contains(own.Key.Value) is true
            || (await leader.Objects.HeadAsync(own.Key, cancellationToken).ConfigureAwait(false))?.Digest == own.Digest)
        {
            return own;
        }

        var (stored, proof) = await leader.Remade.MakeAsync(
            store, batch, "it is gone, or is another one.", cancellationToken).ConfigureAwait(false);
        return ManifestBatch.Of(batch.Plan, stored, proof.EventsDigest);
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
            && await CatalogEntries.AreListedAsync(leader.Catalog, _known, cancellationToken).ConfigureAwait(false))
        {
            return _known;
        }

        var found = _known;
        _known = null;
        var now = await leader.Catalog.GetStatusAsync(cancellationToken).ConfigureAwait(false);
        if ((now.Manifest?.Number ?? 0) != number || now.ManifestIsOpen)
        {
            throw new ArchiveRefusedException(ArchiveRefusal.Moved, "Another leader has listed batches since.");
        }

        throw new ManifestConflictException(
            Math.Max(1, found.Number),
            $"the books say that manifest {number} is the last one, or that it has other batches: an adoption was cut "
            + "off, or they are of another bucket.");
    }
}
