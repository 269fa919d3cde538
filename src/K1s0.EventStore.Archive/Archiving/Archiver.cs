using K1s0.EventStore.Archive.Telemetry;
using K1s0.EventStore.Integrity;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace K1s0.EventStore.Archive;

/// <summary>
/// Moves old months of events from the database to the archive: plans batches, stores them, reads them back and proves
/// them, lists them in manifests, and lets a month leave the database when all of it is proved and nothing is in the
/// way.
/// </summary>
/// <remarks>
/// <para>Only the holder of the lease <see cref="IArchiveCatalog.LeaseName"/> works, and everything it does is refused
/// where it is written once it has lost it. A run that was interrupted anywhere is continued by the next one, here or
/// in another process. What an exception leaves behind: batches that are further than before, an object of an attempt
/// that nobody uses, or a month that has left; never an event that has no home.</para>
/// <para>Thread-safe; runs of one instance follow each other.</para>
/// </remarks>
public sealed class Archiver : IDisposable
{
    private const double UsualRatio = 0.25;

    private readonly ArchiverParts _parts;
    private readonly ArchivingOptions _options;
    private readonly TimeProvider _timeProvider;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _running = new(1);

    // What the last run has compared, and under which lease: belongs to who holds the semaphore.
    private (long Epoch, Sha256Digest Manifest) _settled;

    /// <summary>An archiver.</summary>
    /// <param name="parts">What it works with.</param>
    /// <param name="options">Which months, and how; the defaults when null.</param>
    /// <param name="timeProvider">
    /// Measures waits; the system's clock when null. Ages are by the database's clock.
    /// </param>
    /// <param name="loggerFactory">Where to log; nowhere when null.</param>
    /// <exception cref="ArgumentException">An option is out of its range; the message says which.</exception>
    public Archiver(
        ArchiverParts parts,
        ArchivingOptions? options = null,
        TimeProvider? timeProvider = null,
        ILoggerFactory? loggerFactory = null)
    {
        ArgumentNullException.ThrowIfNull(parts);
        _parts = parts;
        _options = ArchivingOptionsRules.Checked(options);
        _timeProvider = timeProvider ?? TimeProvider.System;
        _logger = (loggerFactory ?? NullLoggerFactory.Instance).CreateLogger<Archiver>();
    }

    /// <summary>What a run would do now; changes nothing, and needs no lease.</summary>
    /// <param name="cancellationToken">Gives up asking.</param>
    /// <exception cref="StoreUnavailableException">The database cannot be asked at the moment.</exception>
    public async Task<ArchivePreview> PreviewAsync(CancellationToken cancellationToken = default)
    {
        var status = await _parts.Catalog.GetStatusAsync(cancellationToken).ConfigureAwait(false);
        var due = await FindDueAsync(status, cancellationToken).ConfigureAwait(false);
        var months = new List<MonthPreview>();
        foreach (var month in due)
        {
            months.Add(new MonthPreview(
                month,
                await _parts.Catalog.FindObstaclesAsync(month.Month, cancellationToken).ConfigureAwait(false)));
        }

        var last = await _parts.Catalog.ListBatchesAsync(default, 1_000, cancellationToken).ConfigureAwait(false);
        var known = last.Where(batch => batch.Stored is not null).ToList();
        var (events, bytes) = (due.Sum(month => month.EventCount), due.Sum(month => month.Bytes));
        var stored = known.Count == 0
            ? (long)(bytes * UsualRatio)
            : (long)(known.Average(batch => (double)batch.Stored!.StoredBytes / batch.Plan.EventCount) * events);
        var content = known.Count == 0
            ? bytes
            : (long)(known.Average(batch => (double)batch.Plan.ContentBytes / batch.Plan.EventCount) * events);
        var objects = Math.Max(
            (content + _options.MaxContentBytesPerBatch - 1) / _options.MaxContentBytesPerBatch,
            (events + _options.MaxEventsPerBatch - 1) / _options.MaxEventsPerBatch);
        return new ArchivePreview(
            months,
            due.Where(month => month.First > status.Planned).Sum(month => month.EventCount),
            bytes,
            stored,
            objects);
    }

    /// <summary>Archives what is due, as far as it gets, and continues what was begun before.</summary>
    /// <param name="progress">Is told of each step; null for nobody.</param>
    /// <param name="cancellationToken">Gives up between two steps; the next run continues.</param>
    /// <returns>What was done. Nothing, when another process leads.</returns>
    /// <exception cref="LeaseLostException">Another process leads since.</exception>
    /// <exception cref="ManifestConflictException">Bucket and books do not belong together.</exception>
    /// <exception cref="ArchiveRefusedException">
    /// The events of the store are not what they should be (<see cref="ArchiveRefusal.Changed"/>). Or run again:
    /// another leader has gone on (<see cref="ArchiveRefusal.Moved"/>), or the store has to be compared with what a
    /// bucket lists that is ahead of it, and its feed is not settled or objects go again and again that are to be
    /// listed, which the lifecycle of another database removes (<see cref="ArchiveRefusal.Busy"/>).
    /// </exception>
    /// <exception cref="RestoreRequiredException">
    /// The bucket is ahead of the books, and what it lists has to be restored before it can be compared: a ticket for
    /// its <see cref="RestoreRequiredException.Keys"/> is needed (<see cref="ArchiveRestores"/>).
    /// </exception>
    /// <exception cref="ObjectDamagedException">An object cannot be stored so that it can be read back.</exception>
    /// <exception cref="UnsupportedFormatException">A newer program has written a manifest or a batch.</exception>
    /// <exception cref="StoreUnavailableException">Database or bucket cannot be reached at the moment.</exception>
    /// <exception cref="WriteOutcomeUnknownException">Nobody knows whether the last step was made.</exception>
    public async Task<ArchiveReport> ArchiveAsync(
        IProgress<ArchiveProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArchiveReport? report = null;
        await LeadAsync(
            progress,
            async run => report = await run.RunAsync(cancellationToken).ConfigureAwait(false),
            cancellationToken).ConfigureAwait(false);
        return report ?? new ArchiveReport(false, 0, 0, 0, 0, 0, [], null, default);
    }

    /// <summary>
    /// Lets the books take over what the bucket lists without their knowing, as
    /// <see cref="AdoptAsync(LostTimeline, IProgress{ArchiveProgress}, CancellationToken)"/> does, and ends in front of
    /// a batch whose events the database does not have.
    /// </summary>
    /// <param name="progress">Is told of each batch; null for nobody.</param>
    /// <param name="cancellationToken">Gives up between two batches; call it again to go on.</param>
    /// <inheritdoc cref="AdoptAsync(LostTimeline, IProgress{ArchiveProgress}, CancellationToken)"/>
    public Task<ArchiveAdoptionReport?> AdoptAsync(
        IProgress<ArchiveProgress>? progress = null, CancellationToken cancellationToken = default) =>
        AdoptAsync(LostTimeline.Refuse, progress, cancellationToken);

    /// <summary>
    /// Lets the books take over what the bucket lists without their knowing: all of it after a store was rebuilt from
    /// the bucket, or what came later after the database was brought back to an earlier time, by a restore, a failover
    /// that lost the last transactions, or as a copy. Every batch is read back and compared with the events of the
    /// database.
    /// </summary>
    /// <remarks>
    /// A run of the archiver does the same by itself as long as the database has all the events. What it does not have
    /// is a lost timeline, of which only a person can know that it is lost and not another store's: with
    /// <see cref="LostTimeline.Remove"/> a new manifest lists those batches no more. Nothing of what manifests have
    /// listed is deleted by it: what was lost can be read from the earlier manifests. Until it is done, pruned events
    /// whose objects another timeline has merged and removed cannot be read through the store. Repeating it is
    /// harmless, and one that was cut off goes on.
    /// </remarks>
    /// <param name="lost">What becomes of listed batches whose events the database does not have.</param>
    /// <param name="progress">Is told of each batch; null for nobody.</param>
    /// <param name="cancellationToken">Gives up between two batches; call it again to go on.</param>
    /// <returns>What was taken over; null when another process leads.</returns>
    /// <exception cref="ManifestConflictException">
    /// The bucket is another store's or of a later epoch, or the database does not have the events of a batch, or a
    /// listed batch is damaged or gone; not the last two with <see cref="LostTimeline.Remove"/>.
    /// </exception>
    /// <exception cref="ArchiveRefusedException">
    /// The books were empty, and the database does not have the events of a batch
    /// (<see cref="ArchiveRefusal.Changed"/>). Or adopt again: another leader has gone on
    /// (<see cref="ArchiveRefusal.Moved"/>); or objects go again and again that are to be listed, which the lifecycle
    /// of another database removes, or a running append or a prepared transaction holds the feed back, so that nobody
    /// can say what the database has (<see cref="ArchiveRefusal.Busy"/>, after 10 seconds): end it first.
    /// </exception>
    /// <exception cref="ObjectDamagedException">
    /// A manifest is damaged or missing, or an object cannot be stored so that it can be read back.
    /// </exception>
    /// <exception cref="UnsupportedFormatException">A newer program has written a manifest or a batch.</exception>
    /// <exception cref="RestoreRequiredException">
    /// Batches have to be restored first, whatever becomes of a lost timeline: nothing is given up for being cold.
    /// <see cref="RestoreRequiredException.Keys"/> names those that are known to be needed;
    /// <see cref="ArchiveRestores.RequestAsync(IReadOnlyList{string}, RestoreRequest, CancellationToken)"/> gives a
    /// ticket for them. Adopt again when it is ready.
    /// </exception>
    /// <exception cref="LeaseLostException">Another process leads since.</exception>
    /// <exception cref="StoreUnavailableException">Database or bucket cannot be reached at the moment.</exception>
    /// <exception cref="WriteOutcomeUnknownException">Nobody knows whether the last step was made.</exception>
    public async Task<ArchiveAdoptionReport?> AdoptAsync(
        LostTimeline lost,
        IProgress<ArchiveProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArchiveAdoptionReport? report = null;
        await LeadAsync(
            progress,
            async run => report = await run.AdoptionOf(lost).RunAsync(cancellationToken).ConfigureAwait(false),
            cancellationToken).ConfigureAwait(false);
        return report;
    }

    /// <summary>Frees what the runs of this instance wait on.</summary>
    public void Dispose() => _running.Dispose();

    // Does nothing when another process leads.
    private async Task LeadAsync(
        IProgress<ArchiveProgress>? progress, Func<ArchiveRun, Task> action, CancellationToken cancellationToken)
    {
        await _running.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var lease = await _parts.Leases
                .TryAcquireAsync(
                    IArchiveCatalog.LeaseName, _options.Owner, _options.LeaseDuration, cancellationToken)
                .ConfigureAwait(false);
            if (lease is null)
            {
                return;
            }

            _logger.ArchiverLeads(lease.Epoch);
            var settled = lease.Epoch == _settled.Epoch + 1 ? _settled.Manifest : default;
            _settled = default;
            var run = new ArchiveRun(_parts, _options, lease, settled, progress, _timeProvider, _logger);
            try
            {
                await action(run).ConfigureAwait(false);
                _settled = (run.Lease.Epoch, run.Settled);
            }
            finally
            {
                await ReleaseAsync(run.Lease).ConfigureAwait(false);
            }
        }
        finally
        {
            _running.Release();
        }
    }

    private async Task<IReadOnlyList<ArchivableMonth>> FindDueAsync(
        ArchiveStatus status, CancellationToken cancellationToken) => ArchivePolicy.FindDue(
            await _parts.Catalog.ListMonthsAsync(
                ArchivePolicy.CountedBy(status.Now, Max(status.MinimumRetention, _options.MinimumRetention), _options),
                cancellationToken).ConfigureAwait(false),
            status.Now,
            Max(status.MinimumRetention, _options.MinimumRetention),
            _options);

    private static TimeSpan Max(TimeSpan left, TimeSpan right) => left > right ? left : right;

    // The lease runs out by itself when it cannot be released: whatever the run says is not hidden by that.
    private async Task ReleaseAsync(Lease lease)
    {
        try
        {
            await _parts.Leases.ReleaseAsync(lease, CancellationToken.None).ConfigureAwait(false);
        }
        catch (EventStoreException e)
        {
            _logger.LeaseNotReleased(lease.Epoch, e);
        }
    }
}
