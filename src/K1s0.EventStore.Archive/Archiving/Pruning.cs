using K1s0.EventStore.Archive.Telemetry;
using Microsoft.Extensions.Logging;

namespace K1s0.EventStore.Archive;

/// <summary>
/// Lets months leave the database, as a part of a run. Not thread-safe.
/// </summary>
/// <param name="parts">What it works with.</param>
/// <param name="proved">The objects that this run has read back.</param>
/// <param name="store">The store whose events these are.</param>
/// <param name="repair">Makes a batch anew that cannot be read back.</param>
/// <param name="renew">The lease, renewed when it is time.</param>
/// <param name="logger">Where to log.</param>
internal sealed class Pruning(
    ArchiverParts parts,
    HashSet<string> proved,
    StoreIdentity store,
    BatchRepair repair,
    Func<Task<Lease>> renew,
    ILogger logger)
{
    private const int BatchesPerPage = 1_000;

    private readonly List<DateTimeOffset> _pruned = [];

    /// <summary>The months that have left, by their first moments.</summary>
    public IReadOnlyList<DateTimeOffset> Pruned => _pruned;

    /// <summary>Lets months leave, one after the other.</summary>
    /// <returns>The first thing that is in the way; null when all have left.</returns>
    public async Task<EventStoreException?> PruneAsync(
        IReadOnlyList<ArchivableMonth> due, Action<Position> report, CancellationToken cancellationToken)
    {
        foreach (var month in due)
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                await ArchiveTelemetry.MeasureAsync(
                    "prune",
                    month.EventCount,
                    async () => report(await PruneAsync(month, cancellationToken).ConfigureAwait(false)))
                    .ConfigureAwait(false);
            }
            catch (Exception e) when (
                e is ArchiveRefusedException or ArchiveMismatchException or RestoreRequiredException)
            {
                logger.MonthStays(month.Month, e.Message);
                return (EventStoreException)e;
            }
        }

        return null;
    }

    private async Task<Position> PruneAsync(ArchivableMonth month, CancellationToken cancellationToken)
    {
        await parts.Catalog.AllowPruneAsync(
            await renew().ConfigureAwait(false), month.Month, cancellationToken).ConfigureAwait(false);
        await ProveAsync(month, cancellationToken).ConfigureAwait(false);

        // A busy month is left to the next run: each attempt has all of it hashed.
        var bound = await parts.Catalog.PruneAsync(
            await renew().ConfigureAwait(false), month.Month, cancellationToken).ConfigureAwait(false);
        _pruned.Add(month.Month);
        logger.MonthPruned(month.Month, month.EventCount, bound.Value);
        return bound;
    }

    // What another run proved may have been damaged since: it is read once more before the events leave, and made anew
    // from them if it has to be.
    private async Task ProveAsync(ArchivableMonth month, CancellationToken cancellationToken)
    {
        var after = default(Position);
        var count = BatchesPerPage;
        while (count == BatchesPerPage)
        {
            var batches = await parts.Catalog.ListBatchesAsync(after, BatchesPerPage, cancellationToken)
                .ConfigureAwait(false);
            foreach (var batch in batches.Where(batch => batch.State < ArchiveState.Pruned))
            {
                if (batch.Plan.After >= month.Last)
                {
                    return;
                }

                if (!proved.Contains(batch.Stored!.Key))
                {
                    await ProveAsync(batch, cancellationToken).ConfigureAwait(false);
                }
            }

            count = batches.Count;
            after = count == 0 ? after : batches[^1].Plan.Last;
        }
    }

    private async Task ProveAsync(BatchEntry batch, CancellationToken cancellationToken)
    {
        await renew().ConfigureAwait(false);
        var (proof, fault) = await BatchProof.ReadAsync(parts.Objects, batch, store, cancellationToken)
            .ConfigureAwait(false);
        if (proof is null || proof.EventsDigest != batch.EventsDigest)
        {
            proved.Add(await repair.ReplaceAsync(batch, fault ?? "It has other events.", cancellationToken)
                .ConfigureAwait(false));
            return;
        }

        proved.Add(batch.Stored!.Key);
    }
}
