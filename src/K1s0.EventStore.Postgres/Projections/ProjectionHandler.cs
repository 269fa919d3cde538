using Npgsql;

namespace K1s0.EventStore.Postgres;

/// <summary>
/// Runs a projection behind the feed, exactly once: its tables and the checkpoint of its subscription change in one
/// transaction, a batch at a time. Its tables are made when they are missing. Thread-safe.
/// </summary>
/// <remarks>
/// A batch that fails is undone, and the event that it failed for is found by applying the events one by one in a
/// transaction that is rolled back; what the subscription's options say then happens to that event alone. An exception
/// in the middle leaves nothing behind.
/// </remarks>
public sealed class ProjectionHandler : IAtomicHandler
{
    private readonly IProjection _projection;
    private readonly ProjectionTables _tables;
    private readonly ProjectionDatabase _database;
    private readonly PostgresAtomicHandler _atomic;
    private volatile bool _hasTables;

    /// <summary>A projection into tables of the store's database.</summary>
    /// <param name="dataSource">Where to connect; owned by the application.</param>
    /// <param name="projection">What the events mean.</param>
    /// <param name="options">How the store works on PostgreSQL; the defaults when null.</param>
    /// <param name="longestIdle">
    /// How long a transaction may be left idle before the server ends it: the length of the lease where processes share
    /// the projection. As the server is set up when null.
    /// </param>
    /// <exception cref="ArgumentException">A name of the projection is refused.</exception>
    public ProjectionHandler(
        NpgsqlDataSource dataSource,
        IProjection projection,
        PostgresOptions? options = null,
        TimeSpan? longestIdle = null)
    {
        _projection = projection;
        _tables = ProjectionTables.Of(projection);
        _database = new ProjectionDatabase(dataSource, options);
        _atomic = new PostgresAtomicHandler(dataSource, ApplyAsync, takesBatches: true, options, longestIdle);
    }

    /// <inheritdoc/>
    public async Task<CheckpointClaim> HandleAsync(
        IReadOnlyList<EventEnvelope> events,
        CheckpointClaim claim,
        Checkpoint checkpoint,
        CancellationToken cancellationToken)
    {
        await EnsureTablesAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await _atomic.HandleAsync(events, claim, checkpoint, cancellationToken).ConfigureAwait(false);
        }
        catch (EventHandlingException e) when (events.Count > 1)
        {
            throw await _database.FindFailureAsync(_projection, _tables, events, e, cancellationToken)
                .ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public async Task ReplayAsync(EventEnvelope envelope, CheckpointClaim claim, CancellationToken cancellationToken)
    {
        await EnsureTablesAsync(cancellationToken).ConfigureAwait(false);
        await _atomic.ReplayAsync(envelope, claim, cancellationToken).ConfigureAwait(false);
    }

    private async Task EnsureTablesAsync(CancellationToken cancellationToken)
    {
        if (!_hasTables)
        {
            await _database.EnsureTablesAsync(_projection, _tables, cancellationToken).ConfigureAwait(false);
            _hasTables = true;
        }
    }

    private Task ApplyAsync(
        IReadOnlyList<EventEnvelope> events, NpgsqlTransaction transaction, CancellationToken cancellationToken) =>
        ProjectionDatabase.ApplyAsync(
            _projection, events, new ProjectionContext(_tables, transaction, isRebuilding: false), cancellationToken);
}
