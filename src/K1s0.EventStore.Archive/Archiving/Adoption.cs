namespace K1s0.EventStore.Archive;

/// <summary>
/// Lets books without batches take over those of the bucket, by the steps that every batch goes: planned, uploaded by
/// an attempt that finds its object there, verified against the events of the database, and listed by the bucket's last
/// manifest. Not thread-safe.
/// </summary>
internal sealed class Adoption(
    ArchiverParts parts, Listings listings, Func<Task<Lease>> renew, Action<Position> report)
{
    private const int EntriesPerPage = 10_000;

    private readonly ArchiveManifests _manifests = new(parts.Objects);

    public async Task<ArchiveAdoptionReport> RunAsync(CancellationToken cancellationToken)
    {
        var listing = await _manifests.ReadLatestAsync(fromFirst: true, cancellationToken).ConfigureAwait(false);
        var status = await parts.Catalog.GetStatusAsync(cancellationToken).ConfigureAwait(false);
        if (listing is null)
        {
            return new ArchiveAdoptionReport(0, 0, 0);
        }

        if (listing.Store.StoreId != status.Store.StoreId)
        {
            throw new ManifestConflictException(
                listing.Number, $"it is of store {listing.Store}, not of {status.Store}.");
        }

        if (status.Manifest is { } last && (last.Number, last.Digest) != (listing.Number, listing.Digest))
        {
            throw new ManifestConflictException(
                listing.Number, $"the books have manifest {last.Number} for the last one, so they are not empty.");
        }

        var (batches, events) = (0, 0L);
        if (status.Manifest is null)
        {
            var known = await ReadEntriesAsync(cancellationToken).ConfigureAwait(false);
            foreach (var batch in listing.Batches)
            {
                cancellationToken.ThrowIfCancellationRequested();
                await AdoptAsync(status.Store, batch, known, cancellationToken).ConfigureAwait(false);
                (batches, events) = (batches + 1, events + batch.EventCount);
                report(batch.Last);
            }

            var manifest = (await _manifests.ReadAsync(listing.Number, cancellationToken).ConfigureAwait(false))!;
            await parts.Catalog.PlanManifestAsync(
                await renew().ConfigureAwait(false),
                new PlannedManifest(manifest.Number, manifest.Digest, manifest.Content, listing.Last),
                manifest.Previous,
                cancellationToken).ConfigureAwait(false);
        }

        await listings.ListAsync(renew, cancellationToken).ConfigureAwait(false);
        return new ArchiveAdoptionReport(listing.Number, batches, events);
    }

    // What an adoption that was cut off has taken over already, and nothing else.
    private async Task<Dictionary<Position, BatchEntry>> ReadEntriesAsync(CancellationToken cancellationToken)
    {
        var entries = new Dictionary<Position, BatchEntry>();
        IReadOnlyList<BatchEntry> page;
        var after = default(Position);
        do
        {
            page = await parts.Catalog.ListBatchesAsync(after, EntriesPerPage, cancellationToken).ConfigureAwait(false);
            foreach (var entry in page)
            {
                entries.Add(after = entry.Plan.Last, entry);
            }
        }
        while (page.Count == EntriesPerPage);

        return entries;
    }

    private async Task AdoptAsync(
        StoreIdentity store,
        ManifestBatch batch,
        Dictionary<Position, BatchEntry> known,
        CancellationToken cancellationToken)
    {
        if (!known.TryGetValue(batch.Last, out var entry))
        {
            var plan = new BatchPlan(
                batch.After,
                batch.First,
                batch.Last,
                batch.EventCount,
                batch.Earliest,
                batch.Latest,
                batch.ContentBytes);
            entry = new BatchEntry(plan, ArchiveState.Planned, 0, null, default);
            await parts.Catalog.PlanAsync(await renew().ConfigureAwait(false), plan, cancellationToken)
                .ConfigureAwait(false);
        }

        if (entry.State >= ArchiveState.Verified)
        {
            if (entry.Stored!.Digest != batch.Digest
                || !string.Equals(entry.Stored.Key, batch.Key.Value, StringComparison.Ordinal))
            {
                throw new ArchiveRefusedException(
                    ArchiveRefusal.Moved, $"The books have a batch of their own up to {batch.Last}.");
            }

            return;
        }

        var (stored, proof) = await ReadAsync(store, entry, batch, cancellationToken).ConfigureAwait(false);
        var lease = await renew().ConfigureAwait(false);
        var attempt = await parts.Catalog.BeginUploadAsync(lease, batch.Last, cancellationToken).ConfigureAwait(false);
        await parts.Catalog.FinishUploadAsync(lease, batch.Last, attempt, stored, cancellationToken)
            .ConfigureAwait(false);
        await parts.Catalog.VerifyAsync(
            lease, batch.Last, attempt, proof.EventsDigest, proof.Months, cancellationToken).ConfigureAwait(false);
    }

    private async Task<(BatchObject Stored, BatchProof Proof)> ReadAsync(
        StoreIdentity store, BatchEntry entry, ManifestBatch batch, CancellationToken cancellationToken)
    {
        var found = await parts.Objects.GetAsync(batch.Key, batch.StoredBytes, cancellationToken)
            .ConfigureAwait(false)
            ?? throw BatchContent.Missing(batch);
        var (proof, index, fault) = BatchProof.Of(found, entry, store);
        return proof is not null && found.Info.Digest == batch.Digest && proof.EventsDigest == batch.EventsDigest
            ? (new BatchObject(batch.Key.Value, batch.StoredBytes, batch.Digest, index), proof)
            : throw new ObjectDamagedException(batch.Key.Value, fault ?? "it is not the one that is listed.");
    }
}
