using System.Globalization;
using K1s0.EventStore.Archive.Telemetry;
using K1s0.EventStore.Integrity;
using Microsoft.Extensions.Logging;

namespace K1s0.EventStore.Archive;

/// <summary>One run of an archiver under one lease. Not thread-safe.</summary>
internal sealed class ArchiveRun
{
    private readonly ArchiverParts _parts;
    private readonly ArchivingOptions _options;
    private readonly IProgress<ArchiveProgress>? _progress;
    private readonly ILogger _logger;
    private readonly HeldLease _lease;
    private readonly LeaderParts _leader;
    private readonly BatchMaker _maker;
    private readonly Listings _listings;
    private readonly HashSet<string> _proved = new(StringComparer.Ordinal);
    private StoreIdentity _store;
    private long _eventsInAll;
    private long _events;
    private long _contentBytes;
    private long _storedBytes;
    private int _batches;
    private int _failed;

    public ArchiveRun(
        ArchiverParts parts,
        ArchivingOptions options,
        Lease lease,
        Sha256Digest settled,
        IProgress<ArchiveProgress>? progress,
        TimeProvider timeProvider,
        ILogger logger)
    {
        (_parts, _options, _progress, _logger) = (parts, options, progress, logger);
        _lease = new HeldLease(parts.Leases, options, lease, timeProvider, logger);
        _leader = new LeaderParts(parts, options, timeProvider, _lease.RenewAsync);
        _maker = new BatchMaker(parts.Feed);
        _listings = new Listings(_leader, _proved, settled);
    }

    /// <summary>The lease as it was last renewed.</summary>
    public Lease Lease => _lease.Current;

    /// <summary>The digest of the manifest whose batches the books were seen to have.</summary>
    public Sha256Digest Settled => _listings.Settled;

    public async Task<ArchiveReport> RunAsync(CancellationToken cancellationToken)
    {
        var status = await _parts.Catalog.GetStatusAsync(cancellationToken).ConfigureAwait(false);
        if (status.MinimumRetention < _options.MinimumRetention)
        {
            await _parts.Catalog.RaiseMinimumRetentionAsync(_options.MinimumRetention, cancellationToken)
                .ConfigureAwait(false);
        }

        status = await AdoptionOf(LostTimeline.Refuse).CatchUpAsync(cancellationToken).ConfigureAwait(false);
        await _listings.CheckBeginningAsync(status, cancellationToken).ConfigureAwait(false);
        _store = status.Store;
        var due = ArchivePolicy.FindDue(
            await _parts.Catalog.ListMonthsAsync(
                ArchivePolicy.CountedBy(status.Now, status.MinimumRetention, _options), cancellationToken)
                .ConfigureAwait(false),
            status.Now,
            status.MinimumRetention,
            _options);
        _eventsInAll = due.Where(month => month.Last > status.Listed).Sum(month => month.EventCount);
        await ContinueAsync(status.Listed, cancellationToken).ConfigureAwait(false);
        await PlanAsync(status.Planned, due.Select(month => month.Last).Append(default).Max(), cancellationToken)
            .ConfigureAwait(false);
        foreach (var last in await MeasureListingAsync(cancellationToken).ConfigureAwait(false))
        {
            Report(ArchiveState.Listed, last);
        }

        var repair = new BatchRepair(_leader.Remade, _listings, _store, _logger);
        var pruning = new Pruning(_parts, _proved, _store, repair, _lease.RenewAsync, _logger);
        var obstacle = _options.Prune
            ? await pruning.PruneAsync(due, bound => Report(ArchiveState.Pruned, bound), cancellationToken)
                .ConfigureAwait(false)
            : null;
        status = await _parts.Catalog.GetStatusAsync(cancellationToken).ConfigureAwait(false);
        return new ArchiveReport(
            true, _batches, _events, _contentBytes, _storedBytes, _failed, pruning.Pruned, obstacle, status.Pruned)
        {
            Replaced = repair.Count,
        };
    }

    public Adoption AdoptionOf(LostTimeline lost) => new(
        _leader, _listings, lost, last => Report(ArchiveState.Listed, last));

    // Batches that an earlier run has left somewhere on their way.
    private async Task ContinueAsync(Position listed, CancellationToken cancellationToken)
    {
        var open = await _parts.Catalog.ListBatchesAsync(listed, 10_000, cancellationToken).ConfigureAwait(false);
        foreach (var batch in open.Where(batch => batch.State < ArchiveState.Verified))
        {
            await StoreAsync(batch, made: null, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task PlanAsync(Position after, Position through, CancellationToken cancellationToken)
    {
        var limits = new EventBatchLimits(_options.MaxEventsPerBatch, _options.MaxContentBytesPerBatch);
        while (after < through)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (await _maker.MakeAsync(_store, after, through, limits, cancellationToken).ConfigureAwait(false)
                is not { } made)
            {
                return;
            }

            var plan = BatchMaker.PlanOf(made, after);
            var lease = await _lease.RenewAsync().ConfigureAwait(false);
            await ArchiveTelemetry.MeasureAsync(
                "plan", plan.EventCount, () => _parts.Catalog.PlanAsync(lease, plan, cancellationToken))
                .ConfigureAwait(false);
            Report(ArchiveState.Planned, plan.Last);
            await StoreAsync(
                new BatchEntry(plan, ArchiveState.Planned, 0, null, default), made, cancellationToken)
                .ConfigureAwait(false);
            after = plan.Last;
        }
    }

    // From wherever the batch is to verified. The limit holds for one run: the next one tries again.
    private async Task StoreAsync(BatchEntry batch, EventBatch? made, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (batch.State is not ArchiveState.Uploaded)
            {
                made ??= await _maker.MakeAsync(_store, batch.Plan, cancellationToken).ConfigureAwait(false);
                batch = await UploadAsync(batch, made, cancellationToken).ConfigureAwait(false);
            }

            var fault = batch.State is ArchiveState.Uploaded
                ? await VerifyAsync(batch, cancellationToken).ConfigureAwait(false)
                : "Its key was taken.";
            if (fault is null)
            {
                _batches++;
                _events += batch.Plan.EventCount;
                _contentBytes += batch.Plan.ContentBytes;
                _storedBytes += batch.Stored!.StoredBytes;
                _proved.Add(batch.Stored.Key);
                Report(ArchiveState.Verified, batch.Plan.Last);
                return;
            }

            _failed++;
            _logger.AttemptFailed(batch.Attempt, batch.Plan.Last.Value, fault);
            await _parts.Catalog.FailUploadAsync(
                await _lease.RenewAsync().ConfigureAwait(false),
                batch.Plan.Last,
                batch.Attempt,
                fault,
                cancellationToken).ConfigureAwait(false);
            if (attempt == _options.MaxAttempts)
            {
                throw new ObjectDamagedException(batch.Stored?.Key ?? $"of the batch up to {batch.Plan.Last}", fault);
            }

            batch = batch with { State = ArchiveState.Planned, Stored = null };
        }
    }

    private async Task<BatchEntry> UploadAsync(
        BatchEntry batch, EventBatch made, CancellationToken cancellationToken)
    {
        var uploaded = batch;
        await ArchiveTelemetry.MeasureAsync("upload", batch.Plan.EventCount, async () =>
        {
            var attempt = await _parts.Catalog.BeginUploadAsync(
                await _lease.RenewAsync().ConfigureAwait(false), batch.Plan.Last, cancellationToken)
                .ConfigureAwait(false);
            Report(ArchiveState.Uploading, batch.Plan.Last);
            var key = made.Key(attempt.ToString(CultureInfo.InvariantCulture));
            var outcome = await PutAsync(key, made, cancellationToken).ConfigureAwait(false);
            uploaded = batch with { State = ArchiveState.Uploading, Attempt = attempt };
            if (outcome is PutOutcome.Taken)
            {
                return;
            }

            var stored = new BatchObject(
                key.Value,
                made.Content.Length,
                Sha256Digest.Of(made.Content.Span),
                made.Index.Digest);
            await _parts.Catalog.FinishUploadAsync(
                await _lease.RenewAsync().ConfigureAwait(false), batch.Plan.Last, attempt, stored, cancellationToken)
                .ConfigureAwait(false);
            ArchiveTelemetry.CountStored(made.Content.Length);
            uploaded = uploaded with { State = ArchiveState.Uploaded, Stored = stored };
            Report(ArchiveState.Uploaded, batch.Plan.Last);
        }).ConfigureAwait(false);
        return uploaded;
    }

    private async Task<PutOutcome> PutAsync(ObjectKey key, EventBatch made, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await _parts.Objects
                    .PutIfAbsentAsync(key, made.Content, made.Attributes(_options.StorageClass), cancellationToken)
                    .ConfigureAwait(false);
            }
            catch (WriteOutcomeUnknownException) when (attempt < HeldManifests.PutAttempts)
            {
                // Repeating it settles it.
            }
        }
    }

    // Null when the batch is verified; otherwise why not.
    private async Task<string?> VerifyAsync(BatchEntry batch, CancellationToken cancellationToken)
    {
        string? fault = null;
        await ArchiveTelemetry.MeasureAsync("verify", batch.Plan.EventCount, async () =>
        {
            BatchProof? proof;
            (proof, fault) = await BatchProof.ReadAsync(_parts.Objects, batch, _store, cancellationToken)
                .ConfigureAwait(false);
            if (proof is null)
            {
                return;
            }

            try
            {
                await _parts.Catalog.VerifyAsync(
                    await _lease.RenewAsync().ConfigureAwait(false),
                    batch.Plan.Last,
                    batch.Attempt,
                    proof.EventsDigest,
                    proof.Months,
                    cancellationToken).ConfigureAwait(false);
            }
            catch (ArchiveRefusedException e) when (e.Reason is ArchiveRefusal.Changed)
            {
                fault = e.Detail;
            }
        }).ConfigureAwait(false);
        return fault;
    }

    private async Task<IReadOnlyList<Position>> MeasureListingAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<Position> listed = [];
        await ArchiveTelemetry.MeasureAsync(
            "list", _events, async () => listed = await _listings.ListAsync(cancellationToken)
                .ConfigureAwait(false)).ConfigureAwait(false);
        return listed;
    }

    private void Report(ArchiveState state, Position last)
    {
        _logger.StepMade(state, last.Value);
        _progress?.Report(new ArchiveProgress(state, last, _events, _eventsInAll));
    }
}
