using System.Data;
using Npgsql;

namespace K1s0.EventStore.Postgres;

/// <summary>
/// Appends with projections inside: events and tables change in one transaction, of the append's own or of the caller.
/// Thread-safe.
/// </summary>
/// <remarks>
/// Such an append does not share a transaction with others: a projection that fails must fail its own append alone, and
/// the rows that it locks must not be held for a whole batch. An exception in the middle leaves nothing behind.
/// </remarks>
internal sealed class InlineProjections
{
    private const string Savepoint = "k1s0_inline_projections";

    private readonly (IProjection Projection, ProjectionTables Tables)[] _projections;
    private readonly ProjectionDatabase _database;
    private readonly AppendSender _sender;
    private readonly PostgresAppender _appender;
    private readonly PostgresStreams _streams;
    private volatile bool _hasTables;

    public InlineProjections(
        IReadOnlyList<IProjection> projections,
        ProjectionDatabase database,
        AppendSender sender,
        PostgresAppender appender,
        PostgresStreams streams)
    {
        _projections = [.. projections.Select(projection => (projection, ProjectionTables.Of(projection)))];
        (_database, _sender, _appender, _streams) = (database, sender, appender, streams);
    }

    /// <summary>Tries once, in a transaction of its own.</summary>
    /// <exception cref="AttemptFailedException">It did not succeed; says whether it certainly did nothing.</exception>
    public async Task<AppendResult[]> TryAppendAsync(
        IReadOnlyList<ValidatedAppend> appends, CancellationToken cancellationToken)
    {
        await TryEnsureTablesAsync(cancellationToken).ConfigureAwait(false);
        var connection = await _sender.OpenAsync(cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            var transaction = await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
            await using (transaction.ConfigureAwait(false))
            {
                AppendResult[] results;
                try
                {
                    results = await _appender.TryAppendInAsync(transaction, appends, cancellationToken)
                        .ConfigureAwait(false);
                    await ApplyAsync(appends, results, transaction, cancellationToken).ConfigureAwait(false);
                }
                catch (EventStoreException e)
                {
                    throw new AttemptFailedException(e, AttemptOutcome.NotWritten, e.IsTransient);
                }

                // Not before: what a projection makes the server warn of says nothing of the commit.
                using var commit = new CommitWatch(connection);
                await CommitAsync(transaction).ConfigureAwait(false);
                return commit.Warning is null
                    ? results
                    : throw new AttemptFailedException(
                        new StoreUnavailableException(commit.Warning), AttemptOutcome.Unknown, isWorthRepeating: false);
            }
        }
    }

    /// <summary>
    /// Appends in the caller's transaction, which stays usable when the append is refused or a projection fails.
    /// </summary>
    public async Task<AppendResult[]> AppendInAsync(
        NpgsqlTransaction transaction, IReadOnlyList<ValidatedAppend> appends, CancellationToken cancellationToken)
    {
        var connection = PostgresDatabase.Connection(transaction);
        await EnsureTablesAsync(cancellationToken).ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            await transaction.SaveAsync(Savepoint, CancellationToken.None).ConfigureAwait(false);
            var results = await _appender.AppendInAsync(transaction, appends, CancellationToken.None)
                .ConfigureAwait(false);
            await ApplyAsync(appends, results, transaction, CancellationToken.None).ConfigureAwait(false);
            await transaction.ReleaseAsync(Savepoint, CancellationToken.None).ConfigureAwait(false);
            return results;
        }
        catch (EventStoreException) when (connection.State is ConnectionState.Open)
        {
            await transaction.RollbackAsync(Savepoint, CancellationToken.None).ConfigureAwait(false);
            throw;
        }
        catch (Exception e) when (DriverErrors.IsFromDriver(e, connection))
        {
            throw DriverErrors.Translate(e, "an append with projections");
        }
    }

    // What was stored by an earlier call was applied with it.
    private async Task ApplyAsync(
        IReadOnlyList<ValidatedAppend> appends,
        AppendResult[] results,
        NpgsqlTransaction transaction,
        CancellationToken cancellationToken)
    {
        var events = new List<EventEnvelope>();
        foreach (var (append, result) in appends.Zip(results).Where(pair => !pair.Second.WasRepeated))
        {
            // Read back, so that a projection sees the events as they are stored, with positions and links.
            var last = result.Version.Value;
            events.AddRange(await _streams.LoadInAsync(
                transaction, append.StreamId, last - append.Events.Count + 1, last, cancellationToken)
                .ConfigureAwait(false));
        }

        if (events.Count == 0)
        {
            return;
        }

        var ordered = events.OrderBy(envelope => envelope.Position).ToArray();
        foreach (var (projection, tables) in _projections)
        {
            var context = new ProjectionContext(tables, transaction, isRebuilding: false);
            try
            {
                await ProjectionDatabase.ApplyOrBlameAsync(projection, ordered, context, cancellationToken)
                    .ConfigureAwait(false);
            }
            catch (Exception e) when (DriverErrors.IsFromDriver(e, context.Connection))
            {
                throw DriverErrors.Translate(e, "a projection inside an append");
            }

            // An error of the server that the projection swallowed must not pass for a success.
            await _database.CheckAsync(ordered[^1], transaction, cancellationToken).ConfigureAwait(false);
        }
    }

    private static async Task CommitAsync(NpgsqlTransaction transaction)
    {
        try
        {
            // Giving up here would not tell whether it is committed.
            await transaction.CommitAsync(CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception e) when (DriverErrors.IsUndone(e))
        {
            var reason = DriverErrors.Translate(e, "an append with projections");
            throw new AttemptFailedException(reason, AttemptOutcome.NotWritten, reason.IsTransient);
        }
        catch (Exception e) when (DriverErrors.IsFromDriver(e) || e is InvalidOperationException)
        {
            throw new AttemptFailedException(
                new StoreUnavailableException(
                    $"the connection was lost while the append was under way: {DriverErrors.Describe(e)}", e),
                AttemptOutcome.Unknown,
                isWorthRepeating: true);
        }
    }

    private async Task TryEnsureTablesAsync(CancellationToken cancellationToken)
    {
        try
        {
            await EnsureTablesAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (EventStoreException e)
        {
            throw new AttemptFailedException(e, AttemptOutcome.NotWritten, e.IsTransient);
        }
    }

    private async Task EnsureTablesAsync(CancellationToken cancellationToken)
    {
        if (_hasTables)
        {
            return;
        }

        foreach (var (projection, tables) in _projections)
        {
            await _database.EnsureTablesAsync(projection, tables, cancellationToken).ConfigureAwait(false);
        }

        _hasTables = true;
    }
}
