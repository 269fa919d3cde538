namespace K1s0.EventStore.Archive;

/// <summary>
/// Lets the books of a store take over what its bucket lists without their knowing: all of it when they are empty, and
/// what came behind their last manifest when the database was brought back to an earlier time. Each manifest is noted
/// in its turn, so one that was cut off goes on. Deletes nothing of the bucket. Not thread-safe.
/// </summary>
internal sealed class Adoption(LeaderParts leader, Listings listings, LostTimeline lost, Action<Position> report)
{
    /// <summary>What a person can do about a lost timeline.</summary>
    public const string Advice =
        "If the database was brought back to an earlier time, Archiver.AdoptAsync(LostTimeline.Remove) goes on without "
        + "what was lost.";

    private readonly ListingHistory _history = new(leader.Objects);
    private readonly ArchiveManifests _manifests = new(leader.Objects);
    private readonly AdoptedBatches _batches = new(leader, lost, report);
    private readonly Settlement _settlement = new(leader, lost);
    private int _removed;

    /// <summary>A listed batch that cannot be read is in the way, and what a person can do about it.</summary>
    public static ManifestConflictException DamageOf(long number, ObjectDamagedException damaged) => new(
        number,
        $"object {damaged.Key} is listed and cannot be read: {damaged.Detail} If it cannot be brought back, "
        + "Archiver.AdoptAsync(LostTimeline.Remove) lists in its place what the database and its own batches have. "
        + "Events that are nowhere else stay listed, and are lost (ArchiveAdoptionReport.Missing).");

    /// <summary>A batch of the books is nowhere any more, and what a person can do about it.</summary>
    public static ManifestConflictException MissingOf(
        long number, ManifestBatch batch, ObjectDamagedException damaged) => new(
        number,
        $"batch {batch.Key} of the books, positions {batch.First} to {batch.Last}, cannot be read, nor what is listed "
        + $"in its place: object {damaged.Key}: {damaged.Detail} If none of them can be brought back, "
        + "Archiver.AdoptAsync(LostTimeline.Remove) goes on without these events (ArchiveAdoptionReport.Missing).");

    /// <summary>Takes over everything, and puts a manifest where the bucket lists other batches.</summary>
    public async Task<ArchiveAdoptionReport> RunAsync(CancellationToken cancellationToken)
    {
        var status = await CatchUpAsync(cancellationToken).ConfigureAwait(false);
        if (status.Manifest is null)
        {
            if (!await BeginAsync(status, cancellationToken).ConfigureAwait(false))
            {
                return new ArchiveAdoptionReport(0, 0, 0);
            }

            await CatchUpAsync(cancellationToken).ConfigureAwait(false);
        }

        // Whatever an earlier run has seen.
        _removed += await _settlement.RunAsync(cancellationToken).ConfigureAwait(false);
        await listings.ListAsync(cancellationToken).ConfigureAwait(false);
        status = await leader.Catalog.GetStatusAsync(cancellationToken).ConfigureAwait(false);
        return new ArchiveAdoptionReport(status.Manifest!.Number, _batches.Count, _batches.Events)
        {
            Removed = _removed,
            Missing = _settlement.Missing,
        };
    }

    /// <summary>
    /// Takes over the manifests behind the last one of the books, and goes on where an adoption was cut off: usually
    /// there is nothing to do.
    /// </summary>
    /// <returns>Where the archive stands then.</returns>
    /// <exception cref="ManifestConflictException">
    /// Bucket and books do not belong together, or the database does not have the events of a batch.
    /// </exception>
    public async Task<ArchiveStatus> CatchUpAsync(CancellationToken cancellationToken)
    {
        var status = await leader.Catalog.GetStatusAsync(cancellationToken).ConfigureAwait(false);
        while (status.Manifest is { } last)
        {
            var found = await _manifests
                .ReadAsync(status.ManifestIsOpen ? last.Number : last.Number + 1, cancellationToken)
                .ConfigureAwait(false);
            if (found is null)
            {
                break;
            }

            await StepAsync(found, last, status, cancellationToken).ConfigureAwait(false);
            status = await leader.Catalog.GetStatusAsync(cancellationToken).ConfigureAwait(false);
        }

        if (status.ManifestIsOpen
            && await leader.Held.FinishOpenAsync(cancellationToken).ConfigureAwait(false) is { } through)
        {
            report(through);
            status = await leader.Catalog.GetStatusAsync(cancellationToken).ConfigureAwait(false);
        }

        if (!await listings.AreSettledAsync(status, cancellationToken).ConfigureAwait(false))
        {
            // An adoption was cut off behind its last manifest: what the books name may be gone.
            _removed += await _settlement.RunAsync(cancellationToken).ConfigureAwait(false);
            status = await leader.Catalog.GetStatusAsync(cancellationToken).ConfigureAwait(false);
        }

        return status;
    }

    // A manifest of the bucket that the books have not noted.
    private async Task StepAsync(
        ArchiveManifest found, PlannedManifest last, ArchiveStatus status, CancellationToken cancellationToken)
    {
        CheckStore(found.Number, found.Store, status);
        if (!status.ManifestIsOpen)
        {
            await FollowAsync(status, last, cancellationToken).ConfigureAwait(false);
        }
        else if (found.Digest == last.Digest)
        {
            await leader.Catalog.ListManifestAsync(
                await leader.RenewAsync().ConfigureAwait(false), last.Number, cancellationToken).ConfigureAwait(false);
        }
        else
        {
            // Manifests are never changed or deleted: this one can never be put.
            await leader.Catalog.AbandonManifestAsync(
                await leader.RenewAsync().ConfigureAwait(false), last.Number, cancellationToken).ConfigureAwait(false);
        }
    }

    // Into books without any manifest. False when the bucket has none either.
    private async Task<bool> BeginAsync(ArchiveStatus status, CancellationToken cancellationToken)
    {
        if (await _manifests.ReadLatestAsync(cancellationToken: cancellationToken).ConfigureAwait(false)
            is not { } listing)
        {
            return false;
        }

        CheckStore(listing.Number, listing.Store, status);
        await _batches.BeginAsync(status, cancellationToken).ConfigureAwait(false);
        try
        {
            await _batches.AdoptAsync(listing.Batches, cancellationToken).ConfigureAwait(false);
        }
        catch (ObjectDamagedException e) when (lost is LostTimeline.Refuse)
        {
            var conflict = DamageOf(listing.Number, e);
            await BooksState.Of(status).CheckAsync(leader, conflict, cancellationToken).ConfigureAwait(false);
            throw conflict;
        }

        var manifest = (await _manifests.ReadAsync(listing.Number, cancellationToken).ConfigureAwait(false))!;
        await NoteAsync(manifest, cancellationToken).ConfigureAwait(false);
        return true;
    }

    // By the last listing alone: what was listed in between and replaced may be gone.
    private async Task FollowAsync(ArchiveStatus status, PlannedManifest last, CancellationToken cancellationToken)
    {
        var listing = await _history.ReadAtAsync(last.Number, cancellationToken).ConfigureAwait(false);
        if (listing.Digest != last.Digest)
        {
            throw new ManifestConflictException(last.Number, "the books have another one of this number.");
        }

        var ahead = new Queue<ArchiveManifest>();
        while (await _manifests.ReadAsync(listing.Number + 1, cancellationToken).ConfigureAwait(false)
            is { } manifest)
        {
            listing = listing.With(manifest);
            ahead.Enqueue(manifest);
        }

        CheckStore(listing.Number, listing.Store, status);
        var state = BooksState.Of(status);
        await _batches.BeginAsync(status, cancellationToken).ConfigureAwait(false);
        await AdoptAsync(listing, state, cancellationToken).ConfigureAwait(false);
        if (_batches.Through > status.Listed)
        {
            var manifest = ahead.Dequeue();
            await NoteAsync(manifest, cancellationToken).ConfigureAwait(false);
            state = new BooksState(manifest.Digest, _batches.Through);
        }

        // Each manifest has room for one batch that came in the place of others.
        var comparison = await _settlement.CompareAsync(listing, state, cancellationToken).ConfigureAwait(false);
        var moves = new Queue<SettledMove>(comparison.Moves);
        while (ahead.TryDequeue(out var next))
        {
            if (moves.TryDequeue(out var move))
            {
                await _settlement.MoveAsync(next, move, moves, status, cancellationToken).ConfigureAwait(false);
            }
            else
            {
                await NoteAsync(next, cancellationToken).ConfigureAwait(false);
            }
        }

        _removed += await _settlement.RunAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task AdoptAsync(ArchiveListing listing, BooksState state, CancellationToken cancellationToken)
    {
        ManifestConflictException conflict;
        try
        {
            await _batches.AdoptAsync(listing.Batches, cancellationToken).ConfigureAwait(false);
            return;
        }
        catch (ArchiveRefusedException e) when (e.Reason is ArchiveRefusal.Changed or ArchiveRefusal.Moved)
        {
            conflict = new ManifestConflictException(listing.Number, $"{e.Detail} {Advice}");
        }
        catch (ObjectDamagedException e) when (lost is LostTimeline.Refuse)
        {
            conflict = DamageOf(listing.Number, e);
        }

        await state.CheckAsync(leader, conflict, cancellationToken).ConfigureAwait(false);
        throw conflict;
    }

    // The books know it, and list what they have taken over.
    private async Task NoteAsync(ArchiveManifest manifest, CancellationToken cancellationToken)
    {
        await leader.Catalog.PlanManifestAsync(
            await leader.RenewAsync().ConfigureAwait(false),
            new PlannedManifest(manifest.Number, manifest.Digest, manifest.Content, _batches.Through),
            manifest.Previous,
            cancellationToken).ConfigureAwait(false);
        await leader.Catalog.ListManifestAsync(
            await leader.RenewAsync().ConfigureAwait(false), manifest.Number, cancellationToken).ConfigureAwait(false);
    }

    private static void CheckStore(long number, StoreIdentity store, ArchiveStatus status)
    {
        if (store.StoreId != status.Store.StoreId || store.Epoch > status.Store.Epoch)
        {
            throw new ManifestConflictException(number, $"it is of store {store}, not of {status.Store}.");
        }
    }
}
