using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Archive;

/// <summary>
/// Takes batches of the bucket into the books by the steps that every batch goes: planned, uploaded by an attempt that
/// finds its object there, verified against the events of the database. Not thread-safe.
/// </summary>
internal sealed class AdoptedBatches(LeaderParts leader, LostTimeline lost, Action<Position> report)
{
    private readonly BatchMaker _maker = new(leader.Feed);
    private readonly SettledFeed _feed = new(leader);
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
        foreach (var entry in await CatalogEntries.ReadAsync(leader.Catalog, cancellationToken).ConfigureAwait(false))
        {
            _books.Add(entry.Plan.Last, entry);
        }
    }

    /// <summary>
    /// Takes over batches that came, up to the first one whose events the database does not have, or which is damaged
    /// or gone: those behind it are listed no more either, as if of the same lost timeline.
    /// </summary>
    /// <exception cref="ArchiveRefusedException">
    /// There is such a one, and nobody said that it may be; or the feed is not settled, so nobody knows
    /// (<see cref="ArchiveRefusal.Busy"/>).
    /// </exception>
    /// <exception cref="RestoreRequiredException">It has to be restored before it is known what it has.</exception>
    /// <exception cref="ObjectDamagedException">One is damaged or gone, and nobody said that it may be.</exception>
    public async Task AdoptAsync(IReadOnlyList<ManifestBatch> batches, CancellationToken cancellationToken)
    {
        var ahead = batches.Where(batch => batch.Last > Through).ToList();
        for (var number = 0; number < ahead.Count; number++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            await _feed.UntilAsync(ahead[number].Last, cancellationToken).ConfigureAwait(false);
            try
            {
                await AdoptAsync(ahead[number], cancellationToken).ConfigureAwait(false);
            }
            catch (RestoreRequiredException e)
            {
                throw await ColdBatches.AllAsync(
                    leader,
                    e,
                    await FindWithRowsAsync(ahead.Skip(number + 1), cancellationToken).ConfigureAwait(false),
                    cancellationToken).ConfigureAwait(false);
            }
            catch (ArchiveRefusedException e) when (
                lost is LostTimeline.Remove && e.Reason is ArchiveRefusal.Changed or ArchiveRefusal.Moved)
            {
                return;
            }
            catch (ObjectDamagedException) when (lost is LostTimeline.Remove)
            {
                // The database has the rows of everything that is not listed in its books: they are stored anew.
                return;
            }
        }
    }

    // Up to the first one whose events the database does not have: that one will not be read.
    private async Task<IReadOnlyList<ManifestBatch>> FindWithRowsAsync(
        IEnumerable<ManifestBatch> batches, CancellationToken cancellationToken)
    {
        var found = new List<ManifestBatch>();
        foreach (var batch in batches)
        {
            try
            {
                await _feed.UntilAsync(batch.Last, cancellationToken).ConfigureAwait(false);
                await CheckLengthAsync(PlanOf(batch), cancellationToken).ConfigureAwait(false);
            }
            catch (ArchiveRefusedException)
            {
                break;
            }

            found.Add(batch);
        }

        return found;
    }

    private async Task AdoptAsync(ManifestBatch batch, CancellationToken cancellationToken)
    {
        // What the books have planned behind what is listed has its borders there.
        Position[] ends =
        [
            .. _books.Keys.Where(last => last > Through && last < batch.Last).Order(),
            batch.Last,
        ];
        if (ends.Length == 1 && batch.After == Through)
        {
            await AdoptAsync(PlanOf(batch), batch.EventsDigest, () => Task.FromResult(batch), cancellationToken)
                .ConfigureAwait(false);
            return;
        }

        // One batch was made of what the books have and of what they do not have, or of several that they have planned.
        var (events, store) = await BatchContent.ReadAsync(
            leader.Objects, batch, BatchProof.Reading, cancellationToken).ConfigureAwait(false);
        foreach (var end in ends)
        {
            var part = RecutBatch.Cut(batch.Key, events, store, Through, end);
            await CheckAsync(part, cancellationToken).ConfigureAwait(false);
            await AdoptAsync(
                part.Plan,
                part.EventsDigest,
                () => part.PutAsync(leader.Objects, leader.RenewAsync, cancellationToken),
                cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task AdoptAsync(
        BatchPlan plan,
        Sha256Digest eventsDigest,
        Func<Task<ManifestBatch>> find,
        CancellationToken cancellationToken)
    {
        if (!_books.TryGetValue(plan.Last, out var entry))
        {
            await CheckLengthAsync(plan, cancellationToken).ConfigureAwait(false);
            await leader.Catalog.PlanAsync(await leader.RenewAsync().ConfigureAwait(false), plan, cancellationToken)
                .ConfigureAwait(false);
            entry = _books[plan.Last] = new BatchEntry(plan, ArchiveState.Planned, 0, null, default);
        }

        var isVerified = entry.State >= ArchiveState.Verified;
        if ((entry.Plan.After, entry.Plan.EventCount) != (plan.After, plan.EventCount)
            || (isVerified && entry.EventsDigest != eventsDigest))
        {
            throw new ArchiveRefusedException(
                ArchiveRefusal.Moved, $"The books have a batch of their own up to {plan.Last}.");
        }

        if (!isVerified)
        {
            await StoreAsync(plan, await find().ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
        }

        Through = plan.Last;
        Count++;
        Events += plan.EventCount;
        report(plan.Last);
    }

    // The same events make the same batch, so that nothing is put of a lost timeline.
    private async Task CheckAsync(RecutBatch part, CancellationToken cancellationToken)
    {
        var made = await _maker.MakeAsync(_store, part.Plan, cancellationToken).ConfigureAwait(false);
        if (part.EventsDigest != BatchProof.EventsOf(made.Content))
        {
            throw Other(part.Plan);
        }
    }

    // As many events of the same times may still be others. A plan stays, so it must be one of what is here.
    private async Task CheckLengthAsync(BatchPlan plan, CancellationToken cancellationToken)
    {
        var made = await _maker.MakeAsync(_store, plan, cancellationToken).ConfigureAwait(false);
        if (made.Index.ContentLength != plan.ContentBytes)
        {
            throw Other(plan);
        }
    }

    private static ArchiveRefusedException Other(BatchPlan plan) => new(
        ArchiveRefusal.Changed, $"The database has other events behind {plan.After} up to {plan.Last}.");

    private async Task StoreAsync(BatchPlan plan, ManifestBatch batch, CancellationToken cancellationToken)
    {
        var (stored, proof) = await ReadAsync(plan, batch, cancellationToken).ConfigureAwait(false);
        var lease = await leader.RenewAsync().ConfigureAwait(false);
        var attempt = await leader.Catalog.BeginUploadAsync(lease, batch.Last, cancellationToken).ConfigureAwait(false);
        await leader.Catalog.FinishUploadAsync(lease, batch.Last, attempt, stored, cancellationToken)
            .ConfigureAwait(false);
        try
        {
            await leader.Catalog.VerifyAsync(
                lease, batch.Last, attempt, proof.EventsDigest, proof.Months, cancellationToken).ConfigureAwait(false);
        }
        catch (ArchiveRefusedException e) when (e.Reason is ArchiveRefusal.Changed)
        {
            // The plan stays: as many events, but others. They go into an object of their own.
            await leader.Catalog.FailUploadAsync(lease, batch.Last, attempt, e.Detail, cancellationToken)
                .ConfigureAwait(false);
            throw;
        }
    }

    private async Task<(BatchObject Stored, BatchProof Proof)> ReadAsync(
        BatchPlan plan, ManifestBatch batch, CancellationToken cancellationToken)
    {
        var found = await leader.Objects.GetAsync(batch.Key, batch.StoredBytes, cancellationToken)
            .ConfigureAwait(false)
            ?? throw BatchContent.Missing(batch);
        var entry = new BatchEntry(plan, ArchiveState.Planned, 0, null, default);
        var (proof, index) = BatchProof.OfListed(found, batch, entry, _store);
        return (new BatchObject(batch.Key.Value, batch.StoredBytes, batch.Digest, index), proof);
    }

    private static BatchPlan PlanOf(ManifestBatch batch) => new(
        batch.After, batch.First, batch.Last, batch.EventCount, batch.Earliest, batch.Latest, batch.ContentBytes);
}
