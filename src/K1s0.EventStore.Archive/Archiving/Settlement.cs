using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Archive;

/// <summary>
/// Lets books and bucket have the same batches: the end of an adoption. The books go over to listed batches that are of
/// the events of theirs; what is listed otherwise is listed no more, and what is not is. What of the books is gone,
/// because another timeline made one batch of several, is made anew of that one. Not thread-safe.
/// </summary>
internal sealed class Settlement(LeaderParts leader, LostTimeline lost)
{
    private readonly LostTimelines _lost = new(leader.Objects);

    /// <summary>Usually finds nothing to do. Repeating it goes on.</summary>
    /// <returns>How many batches of a lost timeline are listed no more.</returns>
    /// <exception cref="ManifestConflictException">Events would be listed no more, and nobody said so.</exception>
    /// <exception cref="ObjectDamagedException">A batch of the books is nowhere.</exception>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        var status = await leader.Catalog.GetStatusAsync(cancellationToken).ConfigureAwait(false);
        var listing = await new ListingHistory(leader.Objects)
            .ReadAtAsync(status.Manifest!.Number, cancellationToken).ConfigureAwait(false);
        var gone = listing.Batches.Count(batch => batch.Last > status.Listed);
        if (gone > 0 && lost is LostTimeline.Refuse)
        {
            throw new ManifestConflictException(
                listing.Number, $"it lists {gone} batches that the books do not have. {Adoption.Advice}");
        }

        listing = await MoveAllAsync(listing, status, cancellationToken).ConfigureAwait(false);
        if (!await CatalogEntries.AreListedAsync(leader.Catalog, listing, cancellationToken).ConfigureAwait(false))
        {
            var targets = new List<ManifestBatch>();
            var listed = listing.Batches.Select(batch => (batch.Key, batch.Digest)).ToHashSet();
            foreach (var entry in await ReadAsync(cancellationToken).ConfigureAwait(false))
            {
                targets.Add(await FindAsync(entry, listing, listed, status.Store, cancellationToken)
                    .ConfigureAwait(false));
            }

            listing = await ListAsync(listing, targets, gone > 0, status, cancellationToken).ConfigureAwait(false);
            await MoveAllAsync(listing, status, cancellationToken).ConfigureAwait(false);
        }

        return gone;
    }

    /// <summary>Listed batches with exactly the events of batches of the books on one side of the border.</summary>
    public async Task<IReadOnlyList<SettledMove>> FindMovesAsync(
        ArchiveListing listing, CancellationToken cancellationToken)
    {
        var moves = new List<SettledMove>();
        var entries = await ReadAsync(cancellationToken).ConfigureAwait(false);
        var next = 0;
        foreach (var batch in listing.Batches)
        {
            var group = new List<BatchEntry>();
            for (; next < entries.Count && entries[next].Plan.Last <= batch.Last; next++)
            {
                group.Add(entries[next]);
            }

            if (group.Count > 0
                && group[0].Plan.After == batch.After
                && group[^1].Plan.Last == batch.Last
                && group.Sum(entry => entry.Plan.EventCount) == batch.EventCount
                && (group.Count > 1 || group[0].EventsDigest == batch.EventsDigest)
                && group.Select(entry => entry.State is ArchiveState.Pruned).Distinct().Count() == 1
                && (group.Count > 1
                    || !string.Equals(group[0].Stored!.Key, batch.Key.Value, StringComparison.Ordinal)))
            {
                moves.Add(new SettledMove(group, batch));
            }
        }

        return moves;
    }

    /// <summary>Lets the books go over to a batch with a manifest that the bucket has or gets.</summary>
    public async Task MoveAsync(
        ArchiveManifest manifest, SettledMove move, ArchiveStatus status, CancellationToken cancellationToken)
    {
        var to = move.To;
        var plan = new BatchPlan(
            to.After, to.First, to.Last, to.EventCount, to.Earliest, to.Latest, to.ContentBytes);
        var found = await leader.Objects.GetAsync(to.Key, to.StoredBytes, cancellationToken).ConfigureAwait(false)
            ?? throw BatchContent.Missing(to);
        var (proof, index, fault) = BatchProof.Of(
            found, new BatchEntry(plan, ArchiveState.Listed, 0, null, default), status.Store);
        if (proof is null || proof.EventsDigest != to.EventsDigest || found.Info.Digest != to.Digest)
        {
            throw new ObjectDamagedException(to.Key.Value, fault ?? "it is not the one that is listed.");
        }

        CheckEvents(found.Content, move);
        await leader.Catalog.PlanReplacementAsync(
            await leader.RenewAsync().ConfigureAwait(false),
            new PlannedManifest(manifest.Number, manifest.Digest, manifest.Content, status.Listed),
            manifest.Previous,
            new BatchReplacement(
                plan,
                new BatchObject(to.Key.Value, to.StoredBytes, to.Digest, index),
                to.EventsDigest,
                proof.Months,
                [.. move.From.Select(entry => entry.Stored!.Key)]),
            cancellationToken).ConfigureAwait(false);
        await leader.Held.FinishAsync(manifest, cancellationToken).ConfigureAwait(false);
    }

    // Whoever can put objects and manifests can make a batch that is whole and of other events.
    private static void CheckEvents(ReadOnlyMemory<byte> content, SettledMove move)
    {
        var events = EventBatchReader.Decode(content, BatchProof.Reading).ToList();
        foreach (var entry in move.From)
        {
            var its = events.Where(found => found.Position > entry.Plan.After && found.Position <= entry.Plan.Last);
            if (EventRunDigest.Of([.. its]) != entry.EventsDigest)
            {
                throw new ObjectDamagedException(
                    move.To.Key.Value, $"it has other events up to {entry.Plan.Last} than the books.");
            }
        }
    }

    // With manifests that change nothing in the bucket.
    private async Task<ArchiveListing> MoveAllAsync(
        ArchiveListing listing, ArchiveStatus status, CancellationToken cancellationToken)
    {
        foreach (var move in await FindMovesAsync(listing, cancellationToken).ConfigureAwait(false))
        {
            var lease = await leader.RenewAsync().ConfigureAwait(false);
            var manifest = listing.Next(lease.Epoch, leader.Now, [], [], status.Store);
            await MoveAsync(manifest, move, status, cancellationToken).ConfigureAwait(false);
            listing = listing.With(manifest);
        }

        return listing;
    }

    private async Task<IReadOnlyList<BatchEntry>> ReadAsync(CancellationToken cancellationToken) =>
    [
        .. (await CatalogEntries.ReadAsync(leader.Catalog, cancellationToken).ConfigureAwait(false))
            .Where(entry => entry.State >= ArchiveState.Listed),
    ];

    // What is listed stays. What is to be listed again is read first: nobody has cared for it since it was listed no
    // more, and what is listed in its place goes. Where it is gone or damaged, one of the same events is made.
    private async Task<ManifestBatch> FindAsync(
        BatchEntry entry,
        ArchiveListing listing,
        HashSet<(ObjectKey Key, Sha256Digest Digest)> listed,
        StoreIdentity store,
        CancellationToken cancellationToken)
    {
        var own = ManifestBatch.Of(entry.Plan, entry.Stored!, entry.EventsDigest);
        if (listed.Contains((own.Key, own.Digest)) || await IsWholeAsync(own, cancellationToken).ConfigureAwait(false))
        {
            return own;
        }

        if (entry.State < ArchiveState.Pruned)
        {
            var (stored, proof) = await leader.Remade.MakeAsync(
                store, entry, "it is gone, or damaged.", cancellationToken).ConfigureAwait(false);
            return ManifestBatch.Of(entry.Plan, stored, proof.EventsDigest);
        }

        // One batch that was made of it and of others, or several that it was parted into.
        var parts = listing.Batches.Where(batch => batch.Last > own.After && batch.After < own.Last).ToList();
        if (parts.Count == 0 || parts[0].After > own.After || parts[^1].Last < own.Last)
        {
            throw BatchContent.Missing(own);
        }

        var made = await RecutBatch.CutAsync(leader.Objects, parts, own.After, own.Last, cancellationToken)
            .ConfigureAwait(false);
        return made.EventsDigest == own.EventsDigest
            ? await made.PutAsync(leader.Objects, leader.RenewAsync, cancellationToken).ConfigureAwait(false)
            : throw new ObjectDamagedException(own.Key.Value, "it is gone, and what is listed has other events.");
    }

    private async Task<bool> IsWholeAsync(ManifestBatch batch, CancellationToken cancellationToken)
    {
        try
        {
            return await BatchContent.TryReadAsync(leader.Objects, batch, BatchProof.Reading, cancellationToken)
                .ConfigureAwait(false) is not null;
        }
        catch (ObjectDamagedException)
        {
            // It stays where it is, and is not listed.
            return false;
        }
    }

    private async Task<ArchiveListing> ListAsync(
        ArchiveListing listing,
        List<ManifestBatch> targets,
        bool hasLost,
        ArchiveStatus status,
        CancellationToken cancellationToken)
    {
        var added = targets.ExceptBy(listing.Batches.Select(batch => batch.Key), batch => batch.Key).ToList();
        var removed = listing.Batches.ExceptBy(targets.Select(batch => batch.Key), batch => batch.Key)
            .Select(batch => batch.Key).ToList();
        if (hasLost)
        {
            // Before a lifecycle can take them for batches whose events others have.
            await _lost.AddAsync(listing.Number + 1, removed, cancellationToken).ConfigureAwait(false);
        }

        var lease = await leader.RenewAsync().ConfigureAwait(false);
        var manifest = listing.Next(lease.Epoch, leader.Now, added, removed, status.Store);
        await leader.Catalog.PlanManifestAsync(
            lease,
            new PlannedManifest(manifest.Number, manifest.Digest, manifest.Content, status.Listed),
            manifest.Previous,
            cancellationToken).ConfigureAwait(false);
        await leader.Held.FinishAsync(manifest, cancellationToken).ConfigureAwait(false);
        return listing.With(manifest);
    }
}
