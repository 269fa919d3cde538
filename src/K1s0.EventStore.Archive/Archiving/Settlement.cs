using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Archive;

/// <summary>
/// Lets books and bucket have the same batches: the end of an adoption. The books go over to listed batches that are of
/// the events of theirs; what is listed otherwise is listed no more, and what is not is. What of the books is gone,
/// because another timeline made one batch of several, is made anew of that one; what is nowhere stays listed, if
/// somebody said so. Not thread-safe.
/// </summary>
internal sealed class Settlement(LeaderParts leader, LostTimeline lost)
{
    private const int MaxAttempts = 3;

    private readonly LostTimelines _lost = new(leader.Objects);
    private readonly FoundBatches _found = new(leader, lost);

    /// <summary>How many batches of the books are listed though nothing has their events any more.</summary>
    public int Missing { get; private set; }

    /// <summary>Usually finds nothing to do. Repeating it goes on.</summary>
    /// <returns>How many batches of a lost timeline are listed no more.</returns>
    /// <exception cref="ManifestConflictException">
    /// Events would be listed no more, or a batch of the books is nowhere, and nobody said so.
    /// </exception>
    /// <exception cref="ObjectDamagedException">What was put is not read back.</exception>
    /// <exception cref="ArchiveRefusedException">
    /// Another leader has gone on (<see cref="ArchiveRefusal.Moved"/>), or objects go again and again that are to be
    /// listed (<see cref="ArchiveRefusal.Busy"/>): run again.
    /// </exception>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        var status = await leader.Catalog.GetStatusAsync(cancellationToken).ConfigureAwait(false);
        var listing = await new ListingHistory(leader.Objects)
            .ReadAtAsync(status.Manifest!.Number, cancellationToken).ConfigureAwait(false);
        var comparison = await CompareAsync(listing, new(listing.Digest, status.Listed), cancellationToken)
            .ConfigureAwait(false);
        var gone = listing.Batches.Count(batch => batch.Last > status.Listed) + comparison.Others.Count;
        listing = await MoveAllAsync(comparison.Moves, listing, status, cancellationToken).ConfigureAwait(false);
        if (!await CatalogEntries.AreListedAsync(leader.Catalog, listing, cancellationToken).ConfigureAwait(false))
        {
            listing = await ListBooksAsync(listing, gone > 0, status, cancellationToken).ConfigureAwait(false);
            comparison = await CompareAsync(listing, new(listing.Digest, status.Listed), cancellationToken)
                .ConfigureAwait(false);
            await MoveAllAsync(comparison.Moves, listing, status, cancellationToken).ConfigureAwait(false);
        }

        return gone;
    }

    /// <summary>What a listing has otherwise than the books, as far as both reach.</summary>
    /// <param name="listing">The listing.</param>
    /// <param name="state">Where the books stand with this listing.</param>
    /// <param name="cancellationToken">Gives up between two batches.</param>
    /// <exception cref="ManifestConflictException">
    /// Events would be listed no more, or a listed batch cannot be read, and nobody said that it may be.
    /// </exception>
    /// <exception cref="ArchiveRefusedException">Another leader has gone on: run again.</exception>
    public async Task<ListingComparison> CompareAsync(
        ArchiveListing listing, BooksState state, CancellationToken cancellationToken)
    {
        try
        {
            return await ListingComparison.CompareAsync(
                leader, listing, await ReadAsync(cancellationToken).ConfigureAwait(false), lost, cancellationToken)
                .ConfigureAwait(false);
        }
        catch (ManifestConflictException e)
        {
            await state.CheckAsync(leader, e, cancellationToken).ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Lets the books go over to a batch with a manifest that the bucket has or gets.</summary>
    /// <exception cref="RestoreRequiredException">It, and what else is named of the next ones, is cold.</exception>
    public async Task MoveAsync(
        ArchiveManifest manifest,
        SettledMove move,
        IEnumerable<SettledMove> next,
        ArchiveStatus status,
        CancellationToken cancellationToken)
    {
        var to = move.To;
        var plan = new BatchPlan(
            to.After, to.First, to.Last, to.EventCount, to.Earliest, to.Latest, to.ContentBytes);
        var (proof, index) = await ReadAsync(manifest.Number, to, plan, next, status.Store, cancellationToken)
            .ConfigureAwait(false);
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

    private async Task<(BatchProof Proof, Sha256Digest Index)> ReadAsync(
        long number,
        ManifestBatch to,
        BatchPlan plan,
        IEnumerable<SettledMove> next,
        StoreIdentity store,
        CancellationToken cancellationToken)
    {
        try
        {
            var found = await leader.Objects.GetAsync(to.Key, to.StoredBytes, cancellationToken).ConfigureAwait(false)
                ?? throw BatchContent.Missing(to);
            return BatchProof.OfListed(
                found, to, new BatchEntry(plan, ArchiveState.Listed, 0, null, default), store);
        }
        catch (ObjectDamagedException e) when (lost is LostTimeline.Refuse)
        {
            throw Adoption.DamageOf(number, e);
        }
        catch (RestoreRequiredException e)
        {
            throw await ColdBatches.AllAsync(leader, e, next.Select(move => move.To), cancellationToken)
                .ConfigureAwait(false);
        }
    }

    // A key alone says nothing: whoever lists it with another digest lists another batch.
    public static (ObjectKey Key, Sha256Digest Digest, Sha256Digest EventsDigest) SameOf(ManifestBatch batch) =>
        (batch.Key, batch.Digest, batch.EventsDigest);

    // With manifests that change nothing in the bucket.
    private async Task<ArchiveListing> MoveAllAsync(
        IReadOnlyList<SettledMove> moves,
        ArchiveListing listing,
        ArchiveStatus status,
        CancellationToken cancellationToken)
    {
        for (var number = 0; number < moves.Count; number++)
        {
            var lease = await leader.RenewAsync().ConfigureAwait(false);
            var manifest = listing.Next(lease.Epoch, leader.Now, [], [], status.Store);
            await MoveAsync(manifest, moves[number], moves.Skip(number + 1), status, cancellationToken)
                .ConfigureAwait(false);
            listing = listing.With(manifest);
        }

        return listing;
    }

    private async Task<IReadOnlyList<BatchEntry>> ReadAsync(CancellationToken cancellationToken) =>
    [
        .. (await CatalogEntries.ReadAsync(leader.Catalog, cancellationToken).ConfigureAwait(false))
            .Where(entry => entry.State >= ArchiveState.Listed),
    ];

    // With a manifest that lists exactly what the books have.
    private async Task<ArchiveListing> ListBooksAsync(
        ArchiveListing listing, bool hasLost, ArchiveStatus status, CancellationToken cancellationToken)
    {
        var listed = listing.Batches.Select(SameOf).ToHashSet();
        _found.Begin(listing, listed, status.Store);
        for (var attempt = 1; attempt <= MaxAttempts; attempt++)
        {
            var entries = await ReadAsync(cancellationToken).ConfigureAwait(false);
            var targets = await _found.FindAllAsync(entries, cancellationToken).ConfigureAwait(false);

            var added = targets.Where(batch => !listed.Contains(SameOf(batch))).ToList();
            var removed = listing.Batches.ExceptBy(targets.Select(SameOf), SameOf).Select(batch => batch.Key).ToList();
            var gone = removed.Except(added.Select(batch => batch.Key)).ToList();
            if (hasLost && gone.Count > 0)
            {
                // Before a lifecycle can take them for batches whose events others have.
                await _lost.AddAsync(listing.Number + 1, gone, cancellationToken).ConfigureAwait(false);
            }

            // Reading all of them takes its time, and nobody lists the first ones meanwhile: the lifecycle of another
            // database may have removed them since.
            var missing = await ObjectLookup.FindMissingAsync(
                leader, added.Where(batch => !_found.IsNowhere(batch)), cancellationToken).ConfigureAwait(false);
            if (missing.Count == 0)
            {
                Missing += added.Count(_found.IsNowhere);
                return await ListAsync(listing, added, removed, status, cancellationToken).ConfigureAwait(false);
            }

            _found.Forget(missing);
        }

        throw new ArchiveRefusedException(
            ArchiveRefusal.Busy,
            "Somebody removes objects that are to be listed again: end the lifecycle of the other database first.");
    }

    private async Task<ArchiveListing> ListAsync(
        ArchiveListing listing,
        List<ManifestBatch> added,
        List<ObjectKey> removed,
        ArchiveStatus status,
        CancellationToken cancellationToken)
    {
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
