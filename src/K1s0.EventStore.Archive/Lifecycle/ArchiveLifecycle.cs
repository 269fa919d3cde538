using System.Collections.Concurrent;

namespace K1s0.EventStore.Archive;

/// <summary>
/// Takes batches through their life: small ones become large ones, what nobody lists goes after a grace period, and
/// older ones move to cheaper classes when that pays. Works from the listing alone. Thread-safe, and safe beside
/// others: whoever comes second to the listing stops with <see cref="ManifestConflictException"/>. Beside an
/// <see cref="Archiver"/> it is given its <see cref="CatalogListings"/>.
/// </summary>
/// <remarks>
/// Every step may be repeated, and an exception or a crash in the middle loses nothing: a run that was cut off is taken
/// up by the next one. At every instant each event lies in an object that is listed and was downloaded and checked, and
/// the objects of the listing before are there until the grace period is over. Where a bucket has one name for two
/// classes, the first move between them shows it, and no other is made: nothing is to be saved by it.
/// </remarks>
/// <param name="objects">Where the batches are.</param>
/// <param name="listings">
/// The listing that counts. Beside an <see cref="Archiver"/> its <see cref="CatalogListings"/>: what is changed in the
/// bucket alone is unknown to the books, whose batches would go after the grace period. <see cref="BucketListings"/> is
/// for archives that no database keeps books of.
/// </param>
/// <param name="policy">Where batches lie at which age; <see cref="LifecyclePolicy.Default"/> when null.</param>
/// <param name="costs">What is worth it; by <see cref="PriceTable.Default"/> when null.</param>
/// <param name="timeProvider">Where ages come from; the system's clock when null.</param>
public sealed class ArchiveLifecycle(
    IObjectStore objects,
    IArchiveListings listings,
    LifecyclePolicy? policy = null,
    CostModel? costs = null,
    TimeProvider? timeProvider = null)
{
    private const int RequestsAtOnce = 8;

    private readonly IArchiveListings _listings =
        listings ?? throw new ArgumentNullException(nameof(listings));

    private readonly LifecyclePolicy _policy = policy ?? LifecyclePolicy.Default;
    private readonly CostModel _costs = costs ?? new CostModel();
    private readonly TimeProvider _timeProvider = timeProvider ?? TimeProvider.System;

    // Whether a bucket has two classes for two of ours, as the first move between them has shown.
    private readonly ConcurrentDictionary<(StorageClass From, StorageClass To), bool> _areTwo = new();

    /// <summary>What a run would do now. One request for each batch.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ObjectDamagedException">A manifest is damaged or missing.</exception>
    /// <exception cref="StoreUnavailableException">Something cannot be read at the moment.</exception>
    public async Task<LifecyclePlan> PreviewAsync(CancellationToken cancellationToken = default) =>
        await _listings.ReadAsync(cancellationToken).ConfigureAwait(false) is { Batches.Count: > 0 } listing
            ? await PlanAsync(listing, cancellationToken).ConfigureAwait(false)
            : LifecyclePlan.Empty;

    /// <summary>Compacts, removes and moves what is due.</summary>
    /// <param name="progress">Told after every step; nobody when null.</param>
    /// <param name="cancellationToken">Gives up between two steps; what is done stays.</param>
    /// <exception cref="ManifestConflictException">Somebody else has changed the listing: run again.</exception>
    /// <exception cref="ArchiveRefusedException">The books are busy or have gone on: run again.</exception>
    /// <exception cref="LeaseLostException">Another process leads since: run again.</exception>
    /// <exception cref="ObjectDamagedException">A batch or a manifest is not what is listed; it stays.</exception>
    /// <exception cref="StoreUnavailableException">Something cannot be read at the moment.</exception>
    /// <exception cref="WriteOutcomeUnknownException">Nobody knows whether a step took effect: run again.</exception>
    public async Task<LifecycleReport> RunAsync(
        IProgress<LifecycleProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        var listing = await _listings.ReadAsync(cancellationToken).ConfigureAwait(false);
        if (listing is not { Batches.Count: > 0 })
        {
            return new LifecycleReport([], 0, 0, 0, LifecyclePlan.Empty);
        }

        var compaction = new Compaction(objects, _listings, _policy, _timeProvider);
        var border = await _listings.GetBorderAsync(cancellationToken).ConfigureAwait(false);
        var (from, into) = (0, 0);
        foreach (var group in compaction.Groups(listing, border).ToList())
        {
            if (!await AreReadableAsync(group, cancellationToken).ConfigureAwait(false))
            {
                continue;
            }

            var step = await compaction.RunAsync(listing, group, cancellationToken).ConfigureAwait(false);
            (listing, from, into) = (step.Listing, from + step.From, into + Math.Min(1, step.From));
            progress?.Report(new LifecycleProgress(into, 0, 0));
        }

        var plan = await PlanAsync(listing, cancellationToken).ConfigureAwait(false);
        var removed = 0;
        foreach (var info in plan.Removals)
        {
            // Whoever has listed something since may have listed this: the next run knows.
            if (!await _listings.IsLastAsync(listing, cancellationToken).ConfigureAwait(false))
            {
                break;
            }

            await objects.DeleteAsync(info.Key, cancellationToken).ConfigureAwait(false);
            removed++;
            progress?.Report(new LifecycleProgress(into, removed, 0));
        }

        var moved = new List<LifecycleMove>();
        foreach (var move in plan.Moves)
        {
            if (!IsOneClass(move.From, move.To.StorageClass)
                && await MoveAsync(move, cancellationToken).ConfigureAwait(false))
            {
                moved.Add(move);
                progress?.Report(new LifecycleProgress(into, removed, moved.Count));
            }
        }

        return new LifecycleReport(
            moved,
            from,
            into,
            removed,
            plan with { Moves = [], Removals = [], BeforePerMonth = plan.AfterPerMonth, MoveCost = 0 });
    }

    private async Task<LifecyclePlan> PlanAsync(ArchiveListing listing, CancellationToken cancellationToken)
    {
        var now = _timeProvider.GetUtcNow();
        var infos = await HeadsAsync(listing, cancellationToken).ConfigureAwait(false);
        var border = await _listings.GetBorderAsync(cancellationToken).ConfigureAwait(false);
        var compactions = new Compaction(objects, _listings, _policy, _timeProvider).Groups(listing, border).ToList();
        var toCompact = compactions.SelectMany(group => group).Select(batch => batch.Key).ToHashSet();
        var (moves, waiting) = (new List<LifecycleMove>(), 0);
        decimal plain = 0, before = 0, after = 0, cost = 0;
        foreach (var batch in listing.Batches)
        {
            var info = infos[batch.Key];
            var from = info.Attributes.StorageClass;
            var age = now - batch.Latest;
            var step = _policy.At(age);
            var isDue = step.StorageClass > from && !IsOneClass(from, step.StorageClass);
            var isWorthIt = isDue && info.Restoration.IsReadable && !toCompact.Contains(batch.Key)
                && _costs.SavingOfMove(
                    from,
                    step.StorageClass,
                    batch.StoredBytes,
                    (decimal)(now - info.StoredAt).TotalDays,
                    _policy.DaysAhead(age)) > 0;
            if (isWorthIt)
            {
                moves.Add(new LifecycleMove(batch.Key, batch.StoredBytes, from, step));
                cost += _costs.Move(step.StorageClass);
            }

            waiting += isDue && !isWorthIt ? 1 : 0;
            plain += _costs.StoragePerMonth(StorageClass.Standard, batch.ContentBytes);
            before += _costs.StoragePerMonth(from, batch.StoredBytes);
            after += _costs.StoragePerMonth(isWorthIt ? step.StorageClass : from, batch.StoredBytes);
        }

        var (removals, damaged) = await new Sweep(objects, _listings, _policy)
            .FindAsync(listing, now, cancellationToken).ConfigureAwait(false);
        return new LifecyclePlan(
            moves, compactions, removals, waiting, ArchiveLoad.FindHot(listing), plain, before, after, cost)
        {
            RemovalsWaitFor = damaged,
        };
    }

    // False when the object is gone; or lies where it lay, because the bucket has one name for both classes.
    private async Task<bool> MoveAsync(LifecycleMove move, CancellationToken cancellationToken)
    {
        if (!await objects.SetStorageClassAsync(move.Key, move.To.StorageClass, cancellationToken)
            .ConfigureAwait(false))
        {
            return false;
        }

        var classes = (move.From, move.To.StorageClass);
        if (!_areTwo.ContainsKey(classes)
            && await objects.HeadAsync(move.Key, cancellationToken).ConfigureAwait(false) is { } info)
        {
            _areTwo[classes] = info.Attributes.StorageClass != move.From;
        }

        return !IsOneClass(move.From, move.To.StorageClass);
    }

    private bool IsOneClass(StorageClass from, StorageClass to) =>
        _areTwo.TryGetValue((from, to), out var areTwo) && !areTwo;

    private async Task<IReadOnlyDictionary<ObjectKey, ObjectInfo>> HeadsAsync(
        ArchiveListing listing, CancellationToken cancellationToken)
    {
        var infos = new ConcurrentDictionary<ObjectKey, ObjectInfo>();
        await Parallel.ForEachAsync(
            listing.Batches,
            new ParallelOptions { MaxDegreeOfParallelism = RequestsAtOnce, CancellationToken = cancellationToken },
            async (batch, token) => infos[batch.Key] =
                await objects.HeadAsync(batch.Key, token).ConfigureAwait(false)
                ?? throw new ObjectDamagedException(batch.Key.Value, "it is listed, and not there."))
            .ConfigureAwait(false);
        return infos;
    }

    private async Task<bool> AreReadableAsync(
        IReadOnlyList<ManifestBatch> group, CancellationToken cancellationToken)
    {
        foreach (var batch in group)
        {
            var info = await objects.HeadAsync(batch.Key, cancellationToken).ConfigureAwait(false);
            if (info is null or { Restoration.IsReadable: false })
            {
                return false;
            }
        }

        return true;
    }
}
