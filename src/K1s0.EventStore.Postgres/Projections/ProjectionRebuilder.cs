using System.Globalization;
using K1s0.EventStore.Postgres.Telemetry;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace K1s0.EventStore.Postgres;

/// <summary>
/// Makes the tables of a projection anew beside those in use, from all events, and swaps them in one transaction while
/// the projection goes on. Thread-safe; of several rebuilds of one projection, the one that began last counts.
/// </summary>
/// <remarks>
/// <para>The new tables, and how far each lane has come, change together: a rebuild that is cancelled or killed goes on
/// where it stood when it is called again. Until the swap nothing of the projection in use is touched.</para>
/// <para>The swap locks the tables in use, brings the new ones to exactly where the projection's checkpoint stands, or
/// for a projection inside the appends to the last event that is committed, and renames. The projection in use notices
/// nothing: its next event is the first one that the new tables do not hold. Where there is no checkpoint yet, it is
/// set to the end of the rebuild.</para>
/// <para>Events that have left the database come from the archive, for all lanes together once where they fit into what
/// it keeps (<c>ArchiveReadingOptions.CacheBytes</c>), and once more to be counted.</para>
/// <para>It needs the right to create schemas in the database, and to drop the tables in use.</para>
/// </remarks>
public sealed class ProjectionRebuilder
{
    private readonly string _name;
    private readonly IProjection _projection;
    private readonly ProjectionTables _tables;
    private readonly ProjectionDatabase _database;
    private readonly RebuildTables _rebuild;
    private readonly RebuildFeed _feed;
    private readonly RebuildSwap _swap;
    private readonly SettledBoundProbe _probe;
    private readonly ILogger _logger;

    /// <summary>A rebuilder of one projection.</summary>
    /// <param name="dataSource">Where to connect; owned by the application.</param>
    /// <param name="name">The name of the projection, under which its checkpoint is kept.</param>
    /// <param name="projection">What the events mean.</param>
    /// <param name="options">How the store works on PostgreSQL; the defaults when null.</param>
    /// <param name="isInline">Whether the projection runs inside the appends and has no checkpoint.</param>
    /// <param name="timeProvider">Measures waits; the system's clock when null.</param>
    /// <param name="loggerFactory">Where to log; nowhere when null.</param>
    /// <exception cref="ArgumentException">A name is refused.</exception>
    public ProjectionRebuilder(
        NpgsqlDataSource dataSource,
        string name,
        IProjection projection,
        PostgresOptions? options = null,
        bool isInline = false,
        TimeProvider? timeProvider = null,
        ILoggerFactory? loggerFactory = null)
        : this(dataSource, archive: null, name, projection, options, isInline, timeProvider, loggerFactory)
    {
    }

    /// <summary>A rebuilder that reads events that have left the database from their archive.</summary>
    /// <param name="dataSource">Where to connect; owned by the application.</param>
    /// <param name="archive">Where archived events are read; null when there is no archive.</param>
    /// <param name="name">The name of the projection, under which its checkpoint is kept.</param>
    /// <param name="projection">What the events mean.</param>
    /// <param name="options">How the store works on PostgreSQL; the defaults when null.</param>
    /// <param name="isInline">Whether the projection runs inside the appends and has no checkpoint.</param>
    /// <param name="timeProvider">Measures waits; the system's clock when null.</param>
    /// <param name="loggerFactory">Where to log; nowhere when null.</param>
    /// <exception cref="ArgumentException">A name is refused.</exception>
    public ProjectionRebuilder(
        NpgsqlDataSource dataSource,
        IArchivedEvents? archive,
        string name,
        IProjection projection,
        PostgresOptions? options = null,
        bool isInline = false,
        TimeProvider? timeProvider = null,
        ILoggerFactory? loggerFactory = null)
    {
        ConsumerName.Check(name, nameof(name));
        (_name, _projection) = (name, projection);
        _tables = ProjectionTables.Of(projection);
        _database = new ProjectionDatabase(dataSource, options);
        _rebuild = new RebuildTables(_database.Statements, _tables, name);
        _feed = new RebuildFeed(
            _database.Statements, projection.Filter, new ArchiveBorder(_database.Statements, archive));
        _probe = new SettledBoundProbe(_database.Statements);
        _logger = (loggerFactory ?? NullLoggerFactory.Instance).CreateLogger<ProjectionRebuilder>();
        _swap = new RebuildSwap(
            name,
            projection,
            _tables,
            _rebuild,
            _feed,
            _database,
            _probe,
            isInline,
            timeProvider ?? TimeProvider.System);
    }

    /// <summary>Rebuilds the projection, or goes on with a rebuild that did not come to its end.</summary>
    /// <param name="options">The defaults when null.</param>
    /// <param name="progress">Is told after each batch, from the lanes' threads, one call at a time.</param>
    /// <param name="cancellationToken">Gives up; what was rebuilt is kept, the tables in use are as they were.</param>
    /// <returns>What was rebuilt; the new tables are in use.</returns>
    /// <exception cref="EventHandlingException">
    /// The projection failed for the event that the exception names. Mend it and call again.
    /// </exception>
    /// <exception cref="ProjectionRebuildException">It did not come to its end, for the reason that is
    /// named.</exception>
    /// <exception cref="StoreIdentityException">The checkpoint belongs to another store.</exception>
    /// <exception cref="EventsArchivedException">
    /// Events have left the database, and there is no archive to read from, or it is switched off.
    /// </exception>
    /// <exception cref="RestoreRequiredException">
    /// A batch of the archive has to be restored first. Call again then: it goes on.
    /// </exception>
    /// <exception cref="ObjectDamagedException">A batch of the archive is damaged.</exception>
    /// <exception cref="ArchiveMismatchException">A batch of the archive is not what its books say.</exception>
    /// <exception cref="StoreUnavailableException">The database was lost. Call again: it goes on.</exception>
    /// <exception cref="WriteOutcomeUnknownException">
    /// Nobody knows whether the tables were swapped. Call again: if they were, they are made once more.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public async Task<RebuildResult> RebuildAsync(
        RebuildOptions? options = null,
        IProgress<RebuildProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        options = RebuildOptions.Checked(options);
        var identity = await GetIdentityAsync(cancellationToken).ConfigureAwait(false);
        var (lanes, epoch) = await BeginAsync(options, identity, cancellationToken).ConfigureAwait(false);
        var run = new RebuildRun(
            _name, _projection, _rebuild, _feed, _database, options.BatchSize, epoch, lanes, progress);
        var verified = (Position: Position.Start, Events: 0L);
        _logger.RebuildStarted(_name, lanes.Length, run.Position);
        while (true)
        {
            var target = await CatchUpAsync(run, options, cancellationToken).ConfigureAwait(false);
            run.Report(RebuildStage.Verifying, target);
            verified = await VerifyAsync(run, verified, cancellationToken).ConfigureAwait(false);
            run.Report(RebuildStage.Swapping, target);
            if (await _swap.TryAsync(run, identity, options, cancellationToken).ConfigureAwait(false) is { } result)
            {
                _logger.RebuildEnded(_name, result.Events, result.Position);
                return result;
            }
        }
    }

    /// <summary>Throws away what an unfinished rebuild has left, if there is anything.</summary>
    /// <param name="cancellationToken">Gives up; nothing is thrown away.</param>
    public Task DiscardAsync(CancellationToken cancellationToken = default) =>
        _database.TransactAsync(
            "discarding a rebuild",
            async transaction =>
            {
                await _database.LockAsync(_tables, transaction, cancellationToken).ConfigureAwait(false);
                await _rebuild.DropAsync(transaction, cancellationToken).ConfigureAwait(false);
                return true;
            },
            cancellationToken);

    private async Task<StoreIdentity> GetIdentityAsync(CancellationToken cancellationToken)
    {
        var rows = await _database.Statements.QueryAsync(
            "get_identity",
            static _ => { },
            static reader => new StoreIdentity(reader.GetGuid(0), reader.GetInt64(1)),
            cancellationToken).ConfigureAwait(false);
        return rows[0];
    }

    // Claims what an earlier call has left, or makes the new tables.
    private Task<(RebuildLane[] Lanes, long Epoch)> BeginAsync(
        RebuildOptions options, StoreIdentity identity, CancellationToken cancellationToken) =>
        _database.TransactAsync(
            "beginning a rebuild",
            async transaction =>
            {
                await _database.LockAsync(_tables, transaction, cancellationToken).ConfigureAwait(false);
                var lanes = options.StartOver
                    ? []
                    : await _rebuild.ClaimAsync(identity, transaction, cancellationToken).ConfigureAwait(false);
                if (lanes.Count == 0 || (lanes.Count > 1 && !_projection.IsKeyedByStream))
                {
                    var count = _projection.IsKeyedByStream ? options.Lanes : 1;
                    await _rebuild.CreateAsync(_projection, count, identity, transaction, cancellationToken)
                        .ConfigureAwait(false);
                    lanes = await _rebuild.ClaimAsync(identity, transaction, cancellationToken).ConfigureAwait(false);
                }

                var epoch = await _rebuild.GetEpochAsync(transaction, cancellationToken).ConfigureAwait(false);
                return (lanes.OrderBy(lane => lane.Number).ToArray(), epoch);
            },
            cancellationToken);

    // Runs until so little is left that the swap can do it while it keeps everybody off.
    private async Task<Position> CatchUpAsync(
        RebuildRun run, RebuildOptions options, CancellationToken cancellationToken)
    {
        while (true)
        {
            var target = await FindTargetAsync(cancellationToken).ConfigureAwait(false);

            // A lane may have come further before its process was killed than the bound or the projection in use is
            // now: the others follow it, as lanes that differ can never be swapped in.
            target = target > run.Furthest ? target : run.Furthest;
            await run.ApplyAsync(target, cancellationToken).ConfigureAwait(false);
            var next = await FindTargetAsync(cancellationToken).ConfigureAwait(false);
            if (next.Value - target.Value <= options.BatchSize)
            {
                return target;
            }
        }
    }

    private async Task<Position> FindTargetAsync(CancellationToken cancellationToken)
    {
        var bound = (await _probe.AskAsync(cancellationToken).ConfigureAwait(false)).Bound;
        return await _swap.LoadCheckpointAsync(cancellationToken).ConfigureAwait(false) is { } checkpoint
            && checkpoint.Position < bound
                ? checkpoint.Position
                : bound;
    }

    // What was counted once is final: it is not counted again after each attempt to swap.
    private async Task<(Position Position, long Events)> VerifyAsync(
        RebuildRun run, (Position Position, long Events) verified, CancellationToken cancellationToken)
    {
        var position = run.Position;
        var count = verified.Events
            + await _feed.CountAsync(verified.Position, position, null, cancellationToken).ConfigureAwait(false);
        return !run.IsLevel || count == run.Events
            ? (position, count)
            : throw new ProjectionRebuildException(
                _name,
                RebuildFailure.CountsDiffer,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{run.Events} events were applied up to position {position}, the feed has {count}."));
    }
}
