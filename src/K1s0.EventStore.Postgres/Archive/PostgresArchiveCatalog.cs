using K1s0.EventStore.Integrity;
using Npgsql;
using NpgsqlTypes;

namespace K1s0.EventStore.Postgres;

/// <summary>
/// The books of the archive on PostgreSQL. Each step is one statement in a transaction of its own, under the lease by
/// the server's clock; one that hashes a month may take up to 2 hours, others as long as
/// <see cref="PostgresOptions.CommandTimeout"/> says. Thread-safe.
/// </summary>
public sealed class PostgresArchiveCatalog : IArchiveCatalog
{
    private const int MaxBatches = 10_000;
    private const int MaxFailureLength = 500;

    // A step may hash a month.
    private static readonly TimeSpan StepTimeout = TimeSpan.FromHours(2);

    private readonly PostgresDatabase _database;
    private readonly PostgresDatabase _patient;
    private readonly ArchiveSteps _steps;
    private readonly MonthPruning _pruning;
    private readonly ArchiveHolds _holds;
    private readonly ArchiveReplacements _replacements;

    /// <summary>The books of a store whose schema exists (see <see cref="PostgresSchema"/>).</summary>
    /// <param name="dataSource">Where to connect; owned by the application.</param>
    /// <param name="options">How the store works on PostgreSQL; the defaults when null.</param>
    public PostgresArchiveCatalog(NpgsqlDataSource dataSource, PostgresOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(dataSource);
        options = PostgresOptionsRules.Checked(options);
        var sql = new SqlCatalog(new SchemaName(options.Schema));
        _database = new PostgresDatabase(dataSource, sql, options);
        _patient = new PostgresDatabase(dataSource, sql, options, StepTimeout);
        _steps = new ArchiveSteps(_patient);
        _pruning = new MonthPruning(_steps);
        _holds = new ArchiveHolds(_database);
        _replacements = new ArchiveReplacements(_database, _steps);
    }

    /// <inheritdoc/>
    public async Task<ArchiveStatus> GetStatusAsync(CancellationToken cancellationToken = default)
    {
        var rows = await _database.QueryAsync(
            "get_archive_status", static _ => { }, ArchiveStatusRow.Read, cancellationToken).ConfigureAwait(false);
        return rows[0];
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<ArchivableMonth>> ListMonthsAsync(CancellationToken cancellationToken = default) =>
        ListMonthsAsync(DateTimeOffset.MaxValue, cancellationToken);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ArchivableMonth>> ListMonthsAsync(
        DateTimeOffset countedBy, CancellationToken cancellationToken = default) =>
        await _patient.QueryAsync(
            "list_archivable_months",
            parameters => parameters.AddValue(countedBy),
            static reader => new ArchivableMonth(
                BatchColumns.ReadTime(reader, 0),
                reader.GetInt64(1),
                new Position(reader.GetInt64(2)),
                new Position(reader.GetInt64(3)),
                reader.GetInt64(4)),
            cancellationToken,
            prepare: false).ConfigureAwait(false);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<BatchEntry>> ListBatchesAsync(
        Position after, int maxCount = 1_000, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxCount, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(maxCount, MaxBatches);
        return await _database.QueryAsync(
            "list_batches",
            parameters =>
            {
                parameters.AddValue(after.Value);
                parameters.AddValue(maxCount);
            },
            static reader => new BatchEntry(
                BatchColumns.ReadPlan(reader, 0),
                Enum.Parse<ArchiveState>(reader.GetString(BatchColumns.Count), ignoreCase: true),
                reader.GetInt32(BatchColumns.Count + 1),
                BatchColumns.ReadObject(reader, 0),
                BatchColumns.ReadDigest(reader, BatchColumns.Count + 2)),
            cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ArchiveRefusedException>> FindObstaclesAsync(
        DateTimeOffset month, CancellationToken cancellationToken = default) =>
        await _database.QueryAsync(
            "find_archive_obstacles",
            parameters => parameters.AddValue(month),
            static reader => new ArchiveRefusedException(
                ArchiveSteps.ReasonOf(reader.GetString(0)), reader.GetString(1)),
            cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public Task PlanAsync(Lease lease, BatchPlan plan, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return _steps.RunAsync(
            "plan_batch",
            lease,
            parameters =>
            {
                parameters.AddValue(plan.After.Value);
                parameters.AddValue(plan.First.Value);
                parameters.AddValue(plan.Last.Value);
                parameters.AddValue(plan.EventCount);
                parameters.AddValue(plan.Earliest);
                parameters.AddValue(plan.Latest);
                parameters.AddValue(plan.ContentBytes);
            },
            static _ => 0,
            cancellationToken);
    }

    /// <inheritdoc/>
    public Task<int> BeginUploadAsync(Lease lease, Position last, CancellationToken cancellationToken = default) =>
        _steps.RunAsync(
            "begin_upload",
            lease,
            parameters => parameters.AddValue(last.Value),
            static reader => reader.IsDBNull(2) ? 0 : reader.GetInt32(2),
            cancellationToken);

    /// <inheritdoc/>
    public Task FinishUploadAsync(
        Lease lease, Position last, int attempt, BatchObject stored, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(stored);
        return _steps.RunAsync(
            "finish_upload",
            lease,
            parameters =>
            {
                parameters.AddValue(last.Value);
                parameters.AddValue(attempt);
                parameters.AddValue(stored.Key);
                parameters.AddValue(stored.StoredBytes);
                parameters.AddValue(stored.Digest);
                parameters.AddValue(stored.IndexDigest);
            },
            static _ => 0,
            cancellationToken);
    }

    /// <inheritdoc/>
    public Task FailUploadAsync(
        Lease lease, Position last, int attempt, string reason, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(reason);

        // PostgreSQL keeps no NUL.
        var text = reason.Replace('\0', ' ');
        return _steps.RunAsync(
            "fail_upload",
            lease,
            parameters =>
            {
                parameters.AddValue(last.Value);
                parameters.AddValue(attempt);
                parameters.AddValue(text[..Math.Min(text.Length, MaxFailureLength)]);
            },
            static _ => 0,
            cancellationToken);
    }

    /// <inheritdoc/>
    public Task VerifyAsync(
        Lease lease,
        Position last,
        int attempt,
        Sha256Digest eventsDigest,
        IReadOnlyList<MonthDigest> months,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(months);
        return _steps.RunAsync(
            "verify_batch",
            lease,
            parameters =>
            {
                parameters.AddValue(last.Value);
                parameters.AddValue(attempt);
                parameters.AddValue(eventsDigest);
                parameters.AddMonths(months);
            },
            static _ => 0,
            cancellationToken);
    }

    /// <inheritdoc/>
    public Task PlanManifestAsync(
        Lease lease, PlannedManifest manifest, Sha256Digest previous, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        return _steps.RunAsync(
            "plan_manifest",
            lease,
            parameters =>
            {
                parameters.AddValue(manifest.Number);
                parameters.AddValue(manifest.Digest);
                parameters.AddValue(previous);
                parameters.AddValue(manifest.Through.Value);
                parameters.Add(
                    new NpgsqlParameter { NpgsqlDbType = NpgsqlDbType.Bytea, Value = manifest.Content.ToArray() });
            },
            static _ => 0,
            cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<PlannedManifest?> FindOpenManifestAsync(CancellationToken cancellationToken = default)
    {
        var rows = await _database.QueryAsync(
            "find_open_manifest",
            static _ => { },
            static reader => new PlannedManifest(
                reader.GetInt64(0),
                BatchColumns.ReadDigest(reader, 1),
                reader.GetFieldValue<byte[]>(2),
                new Position(reader.GetInt64(3))),
            cancellationToken).ConfigureAwait(false);
        return rows is [var manifest] ? manifest : null;
    }

    /// <inheritdoc/>
    public Task ListManifestAsync(Lease lease, long number, CancellationToken cancellationToken = default) =>
        _steps.RunAsync(
            "list_manifest", lease, parameters => parameters.AddValue(number), static _ => 0, cancellationToken);

    /// <inheritdoc/>
    public Task AbandonManifestAsync(Lease lease, long number, CancellationToken cancellationToken = default) =>
        _steps.RunAsync(
            "abandon_manifest", lease, parameters => parameters.AddValue(number), static _ => 0, cancellationToken);

    /// <inheritdoc/>
    public Task PlanReplacementAsync(
        Lease lease,
        PlannedManifest manifest,
        Sha256Digest previous,
        BatchReplacement replacement,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        ArgumentNullException.ThrowIfNull(replacement);
        return _replacements.PlanAsync(lease, manifest, previous, replacement, cancellationToken);
    }

    /// <inheritdoc/>
    public Task<DateTimeOffset?> FindListedAtAsync(long number, CancellationToken cancellationToken = default) =>
        _replacements.FindListedAtAsync(number, cancellationToken);

    /// <inheritdoc/>
    public Task AllowPruneAsync(Lease lease, DateTimeOffset month, CancellationToken cancellationToken = default) =>
        _steps.RunAsync(
            "allow_prune", lease, parameters => parameters.AddValue(month), static _ => 0, cancellationToken);

    /// <inheritdoc/>
    public Task<Position> PruneAsync(
        Lease lease, DateTimeOffset month, CancellationToken cancellationToken = default) =>
        _pruning.PruneAsync(lease, month, cancellationToken);

    /// <inheritdoc/>
    public Task PlaceHoldAsync(ArchiveHold hold, CancellationToken cancellationToken = default) =>
        _holds.PlaceAsync(hold, cancellationToken);

    /// <inheritdoc/>
    public Task<bool> ReleaseHoldAsync(Guid id, string releasedBy, CancellationToken cancellationToken = default) =>
        _holds.ReleaseAsync(id, releasedBy, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<ArchiveHold>> ListHoldsAsync(CancellationToken cancellationToken = default) =>
        _holds.ListAsync(cancellationToken);

    /// <inheritdoc/>
    public Task SetMinimumRetentionAsync(TimeSpan retention, CancellationToken cancellationToken = default) =>
        _holds.SetMinimumRetentionAsync(retention, cancellationToken);

    /// <inheritdoc/>
    public Task RaiseMinimumRetentionAsync(TimeSpan retention, CancellationToken cancellationToken = default) =>
        _holds.RaiseMinimumRetentionAsync(retention, cancellationToken);
}
