using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Archive;

/// <summary>Lists verified batches in manifests: held in the books, then put, then noted. Not thread-safe.</summary>
/// <param name="leader">What the steps work with.</param>
/// <param name="proved">The objects that were read back since this leader leads; null for none.</param>
/// <param name="settled">
/// The digest of the manifest whose batches the books were seen to have, if nobody has led since; or none.
/// </param>
internal sealed class Listings(
    LeaderParts leader, IReadOnlySet<string>? proved = null, Sha256Digest settled = default)
{
    private const int BatchesPerManifest = 1_000;

    private readonly ArchiveManifests _manifests = new(leader.Objects);
    private readonly Settlement _settlement = new(leader, LostTimeline.Refuse);
    private ArchiveListing? _known;

    /// <summary>The digest of the manifest whose batches the books were seen to have.</summary>
    public Sha256Digest Settled { get; private set; } = settled;

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
                : await ListNextAsync(status, cancellationToken).ConfigureAwait(false);
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
        var (listing, status) = await ReadAsync(cancellationToken).ConfigureAwait(false);
        var lease = await leader.RenewAsync().ConfigureAwait(false);
        var manifest = listing.Replace(lease.Epoch, leader.Now, replacement, status.Store);
        await leader.Catalog.PlanReplacementAsync(
            lease,
            new PlannedManifest(manifest.Number, manifest.Digest, manifest.Content, status.Listed),
            manifest.Previous,
            replacement,
            cancellationToken).ConfigureAwait(false);
        await leader.Held.FinishAsync(manifest, cancellationToken).ConfigureAwait(false);
        Settled = manifest.Digest;
        return _known = listing.With(manifest);
    }

    /// <summary>
    /// Whether the books have the batches of their last manifest, which is put. They have not, when an adoption was cut
    /// off behind it. Asked once for each manifest, unless another leader puts it.
    /// </summary>
    /// <exception cref="ManifestConflictException">The bucket does not have this manifest.</exception>
    public async Task<bool> AreSettledAsync(ArchiveStatus status, CancellationToken cancellationToken) =>
        status is not { Manifest: { } last, ManifestIsOpen: false }
        || last.Digest == Settled
        || await HasBatchesAsync(
            await ReadAsync(status, cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);

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
    private async Task<Position?> ListNextAsync(ArchiveStatus status, CancellationToken cancellationToken)
    {
        var open = await leader.Catalog.ListBatchesAsync(status.Listed, BatchesPerManifest, cancellationToken)
            .ConfigureAwait(false);
        var verified = open.TakeWhile(batch => batch.State is ArchiveState.Verified).ToList();
        if (verified.Count == 0)
        {
            return null;
        }

        var (listing, now) = await ReadAsync(cancellationToken).ConfigureAwait(false);
        if (now.Listed != status.Listed)
        {
            throw new ArchiveRefusedException(ArchiveRefusal.Moved, "Another leader has listed batches since.");
        }

        var added = new List<ManifestBatch>();
        foreach (var batch in verified)
        {
            await leader.RenewAsync().ConfigureAwait(false);
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
        (_known, Settled) = (listing.With(manifest), manifest.Digest);
        if (!added.Select(batch => batch.Key.Value)
            .SequenceEqual(verified.Select(batch => batch.Stored!.Key), StringComparer.Ordinal))
        {
            // The books go over to what was made anew.
            Settled = default;
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

    // The listing of the books; where an adoption was cut off behind it, the rest of its steps is made first.
    private async Task<(ArchiveListing Listing, ArchiveStatus Status)> ReadAsync(CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            var status = await leader.Catalog.GetStatusAsync(cancellationToken).ConfigureAwait(false);
            var listing = await ReadAsync(status, cancellationToken).ConfigureAwait(false);
            if (await HasBatchesAsync(listing, cancellationToken).ConfigureAwait(false))
            {
                return (listing, status);
            }

            if (attempt == 2)
            {
                throw new ManifestConflictException(
                    Math.Max(1, listing.Number), "the books have other batches than it lists.");
            }

            await _settlement.RunAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<bool> HasBatchesAsync(ArchiveListing listing, CancellationToken cancellationToken)
    {
        if (listing.Number > 0 && listing.Digest == Settled)
        {
            return true;
        }

        if (!await CatalogEntries.AreListedAsync(leader.Catalog, listing, cancellationToken).ConfigureAwait(false))
        {
            return false;
        }

        Settled = listing.Digest;
        return true;
    }

    private async Task<ArchiveListing> ReadAsync(ArchiveStatus status, CancellationToken cancellationToken)
    {
        var (number, digest) = (status.Manifest?.Number ?? 0, status.Manifest?.Digest ?? default);
        if (_known is null || _known.Number != number || _known.Digest != digest)
        {
            _known = await _manifests.ReadLatestFromAsync(number, cancellationToken).ConfigureAwait(false)
                ?? ArchiveListing.Empty(status.Store);
        }

        if (_known.Number == number && _known.Digest == digest && _known.Store.StoreId == status.Store.StoreId)
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
            $"the books say that manifest {number} is the last one, or they are of another bucket.");
    }
}
