namespace K1s0.EventStore.Archive;

/// <summary>
/// Takes batches of the bucket into the books by the steps that every batch goes: planned, uploaded by an attempt that
/// finds its object there, verified against the events of the database. Not thread-safe.
/// </summary>
internal sealed class AdoptedBatches(
    ArchiverParts parts, LostTimeline lost, Func<Task<Lease>> renew, Action<Position> report)
{
    private readonly BatchMaker _maker = new(parts.Feed);
    private readonly Dictionary<Position, BatchEntry> _books = [];
    private StoreIdentity _store;

    /// <summary>How many batches were taken over.</summary>
    public int Count { get; private set; }

    /// <summary>How many events they have.</summary>
    public long Events { get; private set; }

    /// <summary>Up to which position batches are listed with what was taken over.</summary>
    public Position Through { get; private set; }

    /// <summary>Reads the books.</summary>
    public async Task BeginAsync(ArchiveStatus status, CancellationToken cancellationToken)
    {
        (_store, Through) = (status.Store, status.Listed);
        _books.Clear();
        foreach (var entry in await CatalogEntries.ReadAsync(parts.Catalog, cancellationToken).ConfigureAwait(false))
        {
            _books.Add(entry.Plan.Last, entry);
        }
    }

    /// <summary>
    /// Takes over batches that came, up to the first one whose events the database does not have: those behind it are
    /// of the same lost timeline.
    /// </summary>
    /// <exception cref="ArchiveRefusedException">There is such a one, and nobody said that it may be.</exception>
    public async Task AdoptAsync(IReadOnlyList<ManifestBatch> batches, CancellationToken cancellationToken)
    {
        foreach (var batch in batches.Where(batch => batch.Last > Through))
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                await AdoptAsync(batch, cancellationToken).ConfigureAwait(false);
            }
            catch (ArchiveRefusedException e) when (
                lost is LostTimeline.Remove && e.Reason is ArchiveRefusal.Changed or ArchiveRefusal.Moved)
            {
                return;
            }
        }
    }

    private async Task AdoptAsync(ManifestBatch batch, CancellationToken cancellationToken)
    {
        if (batch.After < Through)
        {
            // One batch was made of what the books have and of what they do not have.
            batch = await new PartedBatch(parts.Objects, renew)
                .MakeAsync(batch, Through, batch.Last, cancellationToken).ConfigureAwait(false);
        }

        var plan = PlanOf(batch);
        if (!_books.TryGetValue(batch.Last, out var entry))
        {
            await CheckLengthAsync(plan, cancellationToken).ConfigureAwait(false);
            await parts.Catalog.PlanAsync(await renew().ConfigureAwait(false), plan, cancellationToken)
                .ConfigureAwait(false);
            entry = _books[batch.Last] = new BatchEntry(plan, ArchiveState.Planned, 0, null, default);
        }

        var isVerified = entry.State >= ArchiveState.Verified;
        if ((entry.Plan.After, entry.Plan.EventCount) != (plan.After, plan.EventCount)
            || (isVerified && entry.EventsDigest != batch.EventsDigest))
        {
            throw new ArchiveRefusedException(
                ArchiveRefusal.Moved, $"The books have a batch of their own up to {batch.Last}.");
        }

        if (!isVerified)
        {
            await StoreAsync(plan, batch, cancellationToken).ConfigureAwait(false);
        }

        Through = batch.Last;
        Count++;
        Events += batch.EventCount;
        report(batch.Last);
    }

    // As many events of the same times may still be others. A plan stays, so it must be one of what is here.
    private async Task CheckLengthAsync(BatchPlan plan, CancellationToken cancellationToken)
    {
        var made = await _maker.MakeAsync(_store, plan, cancellationToken).ConfigureAwait(false);
        if (made.Index.ContentLength != plan.ContentBytes)
        {
            throw new ArchiveRefusedException(
                ArchiveRefusal.Changed, $"The database has other events behind {plan.After} up to {plan.Last}.");
        }
    }

    private async Task StoreAsync(BatchPlan plan, ManifestBatch batch, CancellationToken cancellationToken)
    {
        var (stored, proof) = await ReadAsync(plan, batch, cancellationToken).ConfigureAwait(false);
        var lease = await renew().ConfigureAwait(false);
        var attempt = await parts.Catalog.BeginUploadAsync(lease, batch.Last, cancellationToken).ConfigureAwait(false);
        await parts.Catalog.FinishUploadAsync(lease, batch.Last, attempt, stored, cancellationToken)
            .ConfigureAwait(false);
        try
        {
            await parts.Catalog.VerifyAsync(
                lease, batch.Last, attempt, proof.EventsDigest, proof.Months, cancellationToken).ConfigureAwait(false);
        }
        catch (ArchiveRefusedException e) when (e.Reason is ArchiveRefusal.Changed)
        {
            // The plan stays: as many events, but others. They go into an object of their own.
            await parts.Catalog.FailUploadAsync(lease, batch.Last, attempt, e.Detail, cancellationToken)
                .ConfigureAwait(false);
            throw;
        }
    }

    private async Task<(BatchObject Stored, BatchProof Proof)> ReadAsync(
        BatchPlan plan, ManifestBatch batch, CancellationToken cancellationToken)
    {
        var found = await parts.Objects.GetAsync(batch.Key, batch.StoredBytes, cancellationToken)
            .ConfigureAwait(false)
            ?? throw BatchContent.Missing(batch);
        var entry = new BatchEntry(plan, ArchiveState.Planned, 0, null, default);
        var (proof, index, fault) = BatchProof.Of(found, entry, _store);
        return proof is not null && found.Info.Digest == batch.Digest && proof.EventsDigest == batch.EventsDigest
            ? (new BatchObject(batch.Key.Value, batch.StoredBytes, batch.Digest, index), proof)
            : throw new ObjectDamagedException(batch.Key.Value, fault ?? "it is not the one that is listed.");
    }

    private static BatchPlan PlanOf(ManifestBatch batch) => new(
        batch.After, batch.First, batch.Last, batch.EventCount, batch.Earliest, batch.Latest, batch.ContentBytes);
}
