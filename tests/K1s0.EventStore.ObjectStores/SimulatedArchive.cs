using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.ObjectStores;

/// <summary>
/// A store in memory whose months leave for an archive, with the books of that archive: the rules of a database without
/// one, for simulations. Every call runs alone and at once. Not thread-safe.
/// </summary>
/// <param name="timeProvider">The clock of the database.</param>
/// <param name="intercept">Is called at the beginning of every call with its name; may throw or take time.</param>
public sealed class SimulatedArchive(TimeProvider timeProvider, Func<string, Task>? intercept = null)
    : IArchiveCatalog, IFeedReader, ILeaseStore
{
    private readonly InMemoryEventStore _source = new(
        new EventStoreOptions { MaxPayloadBytes = 64 * 1024 * 1024 }, timeProvider);
    private readonly List<EventEnvelope> _rows = [];
    private readonly List<BatchEntry> _batches = [];
    private readonly Dictionary<Position, IReadOnlyList<MonthDigest>> _months = [];
    private readonly List<ArchiveHold> _holds = [];
    private readonly HashSet<Guid> _released = [];
    private readonly HashSet<DateTimeOffset> _gone = [];
    private DateTimeOffset _floor = DateTimeOffset.MinValue;
    private Lease? _lease;
    private PlannedManifest? _manifest;
    private PlannedManifest? _manifestBefore;
    private bool _manifestIsOpen;
    private Position _listed;
    private readonly Dictionary<long, DateTimeOffset> _listedAt = [];
    private BatchReplacement? _replacement;
    private TimeSpan _retention;

    /// <summary>The events that the database has, in order of positions.</summary>
    public IReadOnlyList<EventEnvelope> Rows => _rows;

    /// <summary>The batches, in order of positions.</summary>
    public IReadOnlyList<BatchEntry> Batches => _batches;

    /// <summary>Up to which position events are read from the archive.</summary>
    public Position Pruned { get; private set; }

    /// <summary>How far subscriptions are, by name.</summary>
    public IDictionary<string, Position> Subscriptions { get; } =
        new Dictionary<string, Position>(StringComparer.Ordinal);

    /// <summary>Up to which position the ledger has sealed; null without one.</summary>
    public Position? Sealed { get; set; }

    /// <summary>Whether steps are refused whose lease was lost; false is a mistake that simulations have to find.</summary>
    public bool Fences { get; init; } = true;

    /// <summary>Whether a manifest is held that lists this object in the place of others.</summary>
    public bool IsReplacing(string key) => string.Equals(_replacement?.Stored.Key, key, StringComparison.Ordinal);

    /// <summary>How often a step was refused because its lease was lost.</summary>
    public int Fenced { get; private set; }

    /// <summary>Appends events; their time is never before the months that were closed.</summary>
    /// <returns>The events as they are stored.</returns>
    public async Task<IReadOnlyList<EventEnvelope>> AppendAsync(
        StreamId stream, IReadOnlyList<EventEnvelope> events, DateTimeOffset recordedAt)
    {
        var result = await _source.AppendAsync(stream, events);
        var page = await _source.ReadFeedPageAsync(new Position(result.FirstPosition.Value - 1), maxCount: events.Count);
        var stored = page.Events
            .Select(envelope => envelope with { RecordedAt = recordedAt < _floor ? _floor : recordedAt })
            .ToList();
        _rows.AddRange(stored);
        return stored;
    }

    /// <summary>The store becomes a lost one, rebuilt from its events.</summary>
    public async Task RebuildAsync(StoreIdentity source, IReadOnlyList<EventEnvelope> events)
    {
        ArgumentNullException.ThrowIfNull(events);
        var importer = new InMemoryEventImporter(_source);
        await importer.BeginImportAsync(source, events[^1].Position);
        await importer.ImportAsync(events);
        await importer.EndImportAsync();
        _rows.AddRange(events);
    }

    /// <summary>The store as it is now, brought back later: nothing that happens to this one since is known to it.</summary>
    /// <param name="events">All events that it has, wherever they are.</param>
    /// <param name="intercept">Is called at the beginning of every call with its name; may throw or take time.</param>
    /// <param name="isNewEpoch">Whether somebody has begun an epoch, as one should.</param>
    public async Task<SimulatedArchive> CopyAsync(
        IReadOnlyList<EventEnvelope> events, Func<string, Task>? intercept = null, bool isNewEpoch = true)
    {
        ArgumentNullException.ThrowIfNull(events);
        var copy = new SimulatedArchive(timeProvider, intercept) { Fences = Fences };
        var identity = await _source.GetIdentityAsync();
        await copy.RebuildAsync(identity with { Epoch = identity.Epoch - (isNewEpoch ? 0 : 1) }, events);
        copy._rows.Clear();
        copy._rows.AddRange(_rows);
        copy._batches.AddRange(_batches);
        copy._holds.AddRange(_holds);
        copy._released.UnionWith(_released);
        copy._gone.UnionWith(_gone);
        foreach (var (last, months) in _months)
        {
            copy._months.Add(last, months);
        }

        foreach (var (number, at) in _listedAt)
        {
            copy._listedAt.Add(number, at);
        }

        (copy._floor, copy._lease, copy._manifest, copy._manifestBefore) = (_floor, _lease, _manifest, _manifestBefore);
        (copy._manifestIsOpen, copy._listed, copy._replacement) = (_manifestIsOpen, _listed, _replacement);
        (copy._retention, copy.Pruned) = (_retention, Pruned);
        return copy;
    }

    /// <summary>Changes a row behind everybody's back.</summary>
    public void Tamper(Position position, Func<EventEnvelope, EventEnvelope> change)
    {
        ArgumentNullException.ThrowIfNull(change);
        var index = _rows.FindIndex(envelope => envelope.Position == position);
        _rows[index] = change(_rows[index]);
    }

    /// <summary>The batches to read behind a position, as a store asks its books for them.</summary>
    public IReadOnlyList<ArchivedBatch> FindArchived(Position after) =>
    [
        .. _batches.Where(batch => batch.Plan.Last > after && batch.Plan.Last <= Pruned)
            .Select(batch => new ArchivedBatch(batch.Plan, batch.Stored!)),
    ];

    /// <inheritdoc/>
    public Task<StoreIdentity> GetIdentityAsync(CancellationToken cancellationToken = default) =>
        _source.GetIdentityAsync(cancellationToken);

    /// <inheritdoc/>
    public Task<Position> GetSettledBoundAsync(CancellationToken cancellationToken = default) =>
        _source.GetSettledBoundAsync(cancellationToken);

    /// <inheritdoc/>
    public async Task<FeedPage> ReadFeedPageAsync(
        Position after,
        FeedFilter? filter = null,
        int maxCount = 1_000,
        CancellationToken cancellationToken = default)
    {
        await BeginAsync(nameof(ReadFeedPageAsync));
        if (after < Pruned)
        {
            throw new EventsArchivedException(Pruned);
        }

        var bound = await _source.GetSettledBoundAsync(cancellationToken);
        var events = _rows.Where(envelope => envelope.Position > after && filter?.Matches(envelope) is not false)
            .Take(maxCount).ToList();
        return new FeedPage(events, events.Count == maxCount ? events[^1].Position : bound, bound);
    }

    /// <inheritdoc/>
    public async Task<Lease?> TryAcquireAsync(
        string name, string owner, TimeSpan duration, CancellationToken cancellationToken = default)
    {
        await BeginAsync(nameof(TryAcquireAsync));
        var now = timeProvider.GetUtcNow();
        return _lease?.ExpiresAt > now
            ? null
            : _lease = new Lease(name, owner, (_lease?.Epoch ?? 0) + 1, now + duration);
    }

    /// <inheritdoc/>
    public async Task<Lease> RenewAsync(
        Lease lease, TimeSpan duration, CancellationToken cancellationToken = default)
    {
        await BeginAsync(nameof(RenewAsync));
        Fence(lease);
        return _lease = lease with { ExpiresAt = timeProvider.GetUtcNow() + duration };
    }

    /// <inheritdoc/>
    public async Task ReleaseAsync(Lease lease, CancellationToken cancellationToken = default)
    {
        await BeginAsync(nameof(ReleaseAsync));
        if (_lease?.Epoch == lease.Epoch)
        {
            _lease = _lease with { ExpiresAt = timeProvider.GetUtcNow() };
        }
    }

    /// <inheritdoc/>
    public async Task<ArchiveStatus> GetStatusAsync(CancellationToken cancellationToken = default)
    {
        await BeginAsync(nameof(GetStatusAsync));
        return new ArchiveStatus(
            await _source.GetIdentityAsync(cancellationToken),
            timeProvider.GetUtcNow(),
            Planned,
            _listed,
            Pruned,
            _manifest is null
                ? null
                : new PlannedManifest(_manifest.Number, _manifest.Digest, default, _manifest.Through),
            _manifestIsOpen,
            _retention,
            _batches.Any(batch => batch.State < ArchiveState.Listed) ? timeProvider.GetUtcNow() : null);
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<ArchivableMonth>> ListMonthsAsync(CancellationToken cancellationToken = default) =>
        ListMonthsAsync(DateTimeOffset.MaxValue, cancellationToken);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ArchivableMonth>> ListMonthsAsync(
        DateTimeOffset countedBy, CancellationToken cancellationToken = default)
    {
        await BeginAsync(nameof(ListMonthsAsync));
        return
        [
            .. _rows.GroupBy(envelope => MonthDigest.MonthOf(envelope.RecordedAt))
                .OrderBy(month => month.Key)
                .Select(month => month.Key.AddMonths(1) <= countedBy
                    ? new ArchivableMonth(
                        month.Key, month.Count(), month.First().Position, month.Last().Position, 1_000L * month.Count())
                    : new ArchivableMonth(month.Key, 0, default, default, 1_000L * month.Count())),
        ];
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<BatchEntry>> ListBatchesAsync(
        Position after, int maxCount = 1_000, CancellationToken cancellationToken = default)
    {
        await BeginAsync(nameof(ListBatchesAsync));
        return [.. _batches.Where(batch => batch.Plan.Last > after).Take(maxCount)];
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ArchiveRefusedException>> FindObstaclesAsync(
        DateTimeOffset month, CancellationToken cancellationToken = default)
    {
        await BeginAsync(nameof(FindObstaclesAsync));
        return [.. Obstacles(month)];
    }

    /// <inheritdoc/>
    public async Task PlanAsync(Lease lease, BatchPlan plan, CancellationToken cancellationToken = default)
    {
        await BeginAsync(nameof(PlanAsync));
        Fence(lease);
        Require(plan.After == Planned, ArchiveRefusal.Moved);
        var rows = Range(plan);
        Require(
            rows.Count == plan.EventCount && rows.Count > 0 && rows[0].Position == plan.First
            && rows[^1].Position == plan.Last && rows.Min(row => row.RecordedAt) == plan.Earliest
            && rows.Max(row => row.RecordedAt) == plan.Latest,
            ArchiveRefusal.Changed);
        _batches.Add(new BatchEntry(plan, ArchiveState.Planned, 0, null, default));
    }

    /// <inheritdoc/>
    public async Task<int> BeginUploadAsync(
        Lease lease, Position last, CancellationToken cancellationToken = default)
    {
        await BeginAsync(nameof(BeginUploadAsync));
        Fence(lease);
        return Change(
            last,
            batch => batch.State < ArchiveState.Verified,
            batch => batch with { State = ArchiveState.Uploading, Attempt = batch.Attempt + 1, Stored = null })
            .Attempt;
    }

    /// <inheritdoc/>
    public async Task FinishUploadAsync(
        Lease lease, Position last, int attempt, BatchObject stored, CancellationToken cancellationToken = default)
    {
        await BeginAsync(nameof(FinishUploadAsync));
        Fence(lease);
        Change(
            last,
            batch => batch.State is ArchiveState.Uploading && batch.Attempt == attempt,
            batch => batch with { State = ArchiveState.Uploaded, Stored = stored });
    }

    /// <inheritdoc/>
    public async Task FailUploadAsync(
        Lease lease, Position last, int attempt, string reason, CancellationToken cancellationToken = default)
    {
        await BeginAsync(nameof(FailUploadAsync));
        Fence(lease);
        Change(
            last,
            batch => batch.State is ArchiveState.Uploading or ArchiveState.Uploaded && batch.Attempt == attempt,
            batch => batch with { State = ArchiveState.Planned, Stored = null });
    }

    /// <inheritdoc/>
    public async Task VerifyAsync(
        Lease lease,
        Position last,
        int attempt,
        Sha256Digest eventsDigest,
        IReadOnlyList<MonthDigest> months,
        CancellationToken cancellationToken = default)
    {
        await BeginAsync(nameof(VerifyAsync));
        Fence(lease);
        var batch = Find(last, batch => batch.State is ArchiveState.Uploaded && batch.Attempt == attempt);
        Require(MonthDigest.Of(Range(batch.Plan)).SequenceEqual(months), ArchiveRefusal.Changed);
        _months[last] = months;
        Change(last, _ => true, entry => entry with { State = ArchiveState.Verified, EventsDigest = eventsDigest });
    }

    /// <inheritdoc/>
    public async Task PlanManifestAsync(
        Lease lease, PlannedManifest manifest, Sha256Digest previous, CancellationToken cancellationToken = default)
    {
        await BeginAsync(nameof(PlanManifestAsync));
        Fence(lease);
        Require(
            Continues(manifest, previous)
            && (manifest.Through == default || _batches.Any(batch => batch.Plan.Last == manifest.Through))
            && _batches.All(batch => batch.Plan.Last > manifest.Through || batch.State >= ArchiveState.Verified),
            ArchiveRefusal.Moved);
        (_manifestBefore, _manifest, _manifestIsOpen) = (_manifest, manifest, true);
    }

    /// <inheritdoc/>
    public async Task<PlannedManifest?> FindOpenManifestAsync(CancellationToken cancellationToken = default)
    {
        await BeginAsync(nameof(FindOpenManifestAsync));
        return _manifestIsOpen ? _manifest : null;
    }

    /// <inheritdoc/>
    public async Task ListManifestAsync(Lease lease, long number, CancellationToken cancellationToken = default)
    {
        await BeginAsync(nameof(ListManifestAsync));
        Fence(lease);
        Require(_manifestIsOpen && _manifest!.Number == number, ArchiveRefusal.Moved);
        (_manifestIsOpen, _listed) = (false, _manifest!.Through);
        _manifest = new PlannedManifest(number, _manifest.Digest, default, _manifest.Through);
        _listedAt[number] = timeProvider.GetUtcNow();
        Replace();
        Raise(batch => batch.State is ArchiveState.Verified && batch.Plan.Last <= _listed, ArchiveState.Listed);
    }

    /// <inheritdoc/>
    public async Task AbandonManifestAsync(
        Lease lease, long number, CancellationToken cancellationToken = default)
    {
        await BeginAsync(nameof(AbandonManifestAsync));
        Fence(lease);
        Require(_manifestIsOpen && _manifest!.Number == number, ArchiveRefusal.Moved);
        (_manifest, _manifestIsOpen, _replacement) = (_manifestBefore, false, null);
    }

    /// <inheritdoc/>
    public async Task PlanReplacementAsync(
        Lease lease,
        PlannedManifest manifest,
        Sha256Digest previous,
        BatchReplacement replacement,
        CancellationToken cancellationToken = default)
    {
        await BeginAsync(nameof(PlanReplacementAsync));
        Fence(lease);
        Require(_manifest is not null && Continues(manifest, previous), ArchiveRefusal.Moved);
        var parts = Replaced(replacement.Plan);
        Require(
            parts.Select(part => part.Stored?.Key).SequenceEqual(replacement.Replaced, StringComparer.Ordinal)
            && parts[0].Plan.After == replacement.Plan.After && parts[^1].Plan.Last == replacement.Plan.Last
            && (parts.All(part => part.State is ArchiveState.Listed or ArchiveState.Prunable)
                || parts.All(part => part.State is ArchiveState.Pruned)),
            ArchiveRefusal.Moved);
        var months = parts.SelectMany(part => _months[part.Plan.Last]).GroupBy(month => month.Month)
            .OrderBy(month => month.Key).ToList();
        Require(
            parts.Sum(part => part.Plan.EventCount) == replacement.Plan.EventCount
            && parts[0].Plan.First == replacement.Plan.First
            && parts.Min(part => part.Plan.Earliest) == replacement.Plan.Earliest
            && parts.Max(part => part.Plan.Latest) == replacement.Plan.Latest
            && (parts.Count > 1 || parts[0].EventsDigest == replacement.EventsDigest)
            && months.Count == replacement.Months.Count
            && months.Zip(replacement.Months).All(pair =>
                pair.First.Key == pair.Second.Month && pair.First.Sum(part => part.EventCount) == pair.Second.EventCount
                && pair.First.Min(part => part.First) == pair.Second.First
                && pair.First.Max(part => part.Last) == pair.Second.Last
                && (pair.First.Count() > 1 || pair.First.Single() == pair.Second)),
            ArchiveRefusal.Changed);
        _manifestBefore = _manifest;
        (_manifest, _manifestIsOpen, _replacement) = (
            new PlannedManifest(manifest.Number, manifest.Digest, manifest.Content, _listed), true, replacement);
    }

    /// <inheritdoc/>
    public async Task<DateTimeOffset?> FindListedAtAsync(
        long number, CancellationToken cancellationToken = default)
    {
        await BeginAsync(nameof(FindListedAtAsync));
        return _listedAt.TryGetValue(number, out var at) ? at : null;
    }

    /// <inheritdoc/>
    public async Task AllowPruneAsync(
        Lease lease, DateTimeOffset month, CancellationToken cancellationToken = default)
    {
        await BeginAsync(nameof(AllowPruneAsync));
        Fence(lease);
        Require(
            month == MonthDigest.MonthOf(month) && month.AddMonths(1) <= timeProvider.GetUtcNow(),
            ArchiveRefusal.Retained);
        ThrowFirst(Obstacles(month));
        Require(
            With(month).All(batch => batch.State >= ArchiveState.Listed) && BoundWithout(month) <= _listed,
            ArchiveRefusal.NotListed);
        _floor = _floor > month.AddMonths(1) ? _floor : month.AddMonths(1);
        var batches = With(month).Select(batch => batch.Plan.Last).ToHashSet();
        Raise(
            batch => batch.State is ArchiveState.Listed && batches.Contains(batch.Plan.Last), ArchiveState.Prunable);
    }

    /// <inheritdoc/>
    public async Task<Position> PruneAsync(
        Lease lease, DateTimeOffset month, CancellationToken cancellationToken = default)
    {
        await BeginAsync(nameof(PruneAsync));
        Fence(lease);
        Require(month == MonthDigest.MonthOf(month) && !_gone.Contains(month), ArchiveRefusal.Moved);
        ThrowFirst(Obstacles(month));
        var batches = With(month).ToList();
        var bound = batches.Select(batch => batch.Plan.Last).Append(Pruned).Max();
        Require(
            !_manifestIsOpen && batches.All(batch => batch.State >= ArchiveState.Prunable)
            && _batches.All(batch => batch.Plan.Last > bound || batch.State >= ArchiveState.Listed),
            ArchiveRefusal.NotListed);
        Require(_floor >= month.AddMonths(1), ArchiveRefusal.Moved);
        var rows = _rows.Where(row => MonthDigest.MonthOf(row.RecordedAt) == month).ToList();
        foreach (var batch in batches)
        {
            var mine = MonthDigest.Of(rows.Where(row =>
                row.Position > batch.Plan.After && row.Position <= batch.Plan.Last));
            Require(
                mine is [var one] && one == _months[batch.Plan.Last].Single(part => part.Month == month),
                ArchiveRefusal.Changed);
        }

        Require(
            rows.Count == batches.Sum(batch => _months[batch.Plan.Last].Single(part => part.Month == month).EventCount),
            ArchiveRefusal.Changed);
        _rows.RemoveAll(row => MonthDigest.MonthOf(row.RecordedAt) == month);
        _gone.Add(month);
        Pruned = bound;
        Raise(batch => batch.Plan.Last <= bound, ArchiveState.Pruned);
        return bound;
    }

    /// <inheritdoc/>
    public async Task PlaceHoldAsync(ArchiveHold hold, CancellationToken cancellationToken = default)
    {
        ArchiveHold.Check(hold);
        await BeginAsync(nameof(PlaceHoldAsync));
        Require(!_released.Contains(hold.Id), ArchiveRefusal.Moved);
        var known = _holds.Find(known => known.Id == hold.Id);
        Require(known is null || known == hold, ArchiveRefusal.Moved);
        if (known is null)
        {
            _holds.Add(hold);
        }
    }

    /// <inheritdoc/>
    public async Task<bool> ReleaseHoldAsync(
        Guid id, string releasedBy, CancellationToken cancellationToken = default)
    {
        ConsumerName.Check(releasedBy, nameof(releasedBy));
        await BeginAsync(nameof(ReleaseHoldAsync));
        return _holds.RemoveAll(hold => hold.Id == id) == 1 && _released.Add(id);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ArchiveHold>> ListHoldsAsync(CancellationToken cancellationToken = default)
    {
        await BeginAsync(nameof(ListHoldsAsync));
        return [.. _holds];
    }

    /// <inheritdoc/>
    public async Task SetMinimumRetentionAsync(TimeSpan retention, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(retention, TimeSpan.Zero);
        await BeginAsync(nameof(SetMinimumRetentionAsync));
        _retention = retention;
    }

    /// <inheritdoc/>
    public async Task RaiseMinimumRetentionAsync(TimeSpan retention, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(retention, TimeSpan.Zero);
        await BeginAsync(nameof(RaiseMinimumRetentionAsync));
        _retention = retention > _retention ? retention : _retention;
    }

    private Position Planned => _batches is [.., var last] ? last.Plan.Last : default;

    private static void Require(bool condition, ArchiveRefusal otherwise)
    {
        if (!condition)
        {
            throw new ArchiveRefusedException(otherwise, "simulated.");
        }
    }

    private static void ThrowFirst(IEnumerable<ArchiveRefusedException> obstacles)
    {
        if (obstacles.FirstOrDefault() is { } first)
        {
            throw first;
        }
    }

    private Task BeginAsync(string call) => intercept?.Invoke(call) ?? Task.CompletedTask;

    private void Fence(Lease lease)
    {
        if (Fences && (_lease?.Epoch != lease.Epoch || _lease.ExpiresAt <= timeProvider.GetUtcNow()))
        {
            Fenced++;
            throw new LeaseLostException(lease.Name, lease.Epoch);
        }
    }

    private bool Continues(PlannedManifest manifest, Sha256Digest previous) => _manifest is null
        ? manifest.Number == 1 || !previous.IsNone
        : !_manifestIsOpen && manifest.Number == _manifest.Number + 1 && _manifest.Digest == previous;

    private List<BatchEntry> Replaced(BatchPlan plan) =>
        [.. _batches.Where(batch => batch.Plan.Last > plan.After && batch.Plan.After < plan.Last)];

    // With the manifest: what it replaces goes, and it is there.
    private void Replace()
    {
        if (_replacement is not { } replacement)
        {
            return;
        }

        var parts = Replaced(replacement.Plan);
        var at = _batches.IndexOf(parts[0]);
        _batches.RemoveRange(at, parts.Count);
        parts.ForEach(part => _months.Remove(part.Plan.Last));
        _months[replacement.Plan.Last] = replacement.Months;
        _batches.Insert(at, new BatchEntry(
            replacement.Plan, parts.Min(part => part.State), parts.Max(part => part.Attempt), replacement.Stored, replacement.EventsDigest));
        _replacement = null;
    }

    private List<EventEnvelope> Range(BatchPlan plan) =>
        [.. _rows.Where(row => row.Position > plan.After && row.Position <= plan.Last)];

    private IEnumerable<BatchEntry> With(DateTimeOffset month) => _batches.Where(batch =>
        _months.TryGetValue(batch.Plan.Last, out var months) && months.Any(part => part.Month == month));

    private Position BoundWithout(DateTimeOffset month) => With(month).Select(batch => batch.Plan.Last)
        .Concat(_rows.Where(row => MonthDigest.MonthOf(row.RecordedAt) == month).Select(row => row.Position))
        .Append(default).Max();

    private BatchEntry Find(Position last, Func<BatchEntry, bool> condition)
    {
        var batch = _batches.FirstOrDefault(batch => batch.Plan.Last == last);
        Require(batch is not null && condition(batch), ArchiveRefusal.Moved);
        return batch!;
    }

    private BatchEntry Change(Position last, Func<BatchEntry, bool> condition, Func<BatchEntry, BatchEntry> change)
    {
        var batch = Find(last, condition);
        return _batches[_batches.IndexOf(batch)] = change(batch);
    }

    private void Raise(Func<BatchEntry, bool> condition, ArchiveState state)
    {
        for (var number = 0; number < _batches.Count; number++)
        {
            if (condition(_batches[number]))
            {
                _batches[number] = _batches[number] with { State = state };
            }
        }
    }

    private IEnumerable<ArchiveRefusedException> Obstacles(DateTimeOffset month)
    {
        var bound = BoundWithout(month);
        if (month.AddMonths(1) + _retention > timeProvider.GetUtcNow())
        {
            yield return new ArchiveRefusedException(ArchiveRefusal.Retained, "simulated.");
        }

        if (Subscriptions.Values.Any(position => position < bound))
        {
            yield return new ArchiveRefusedException(ArchiveRefusal.Behind, "simulated.");
        }

        if (_holds.Any(hold => _rows.Any(row =>
            MonthDigest.MonthOf(row.RecordedAt) == month
            && (hold.From is null || row.Position >= hold.From)
            && (hold.To is null || row.Position <= hold.To)
            && (hold.StreamId is null || row.StreamId == hold.StreamId))))
        {
            yield return new ArchiveRefusedException(ArchiveRefusal.Held, "simulated.");
        }

        if (Sealed < bound)
        {
            yield return new ArchiveRefusedException(ArchiveRefusal.Unsealed, "simulated.");
        }
    }
}
