using System.Data;
using Npgsql;

namespace K1s0.EventStore.Postgres;

/// <summary>What all kinds of projections do in the database. Thread-safe.</summary>
internal sealed class ProjectionDatabase
{
    private readonly PostgresDatabase _database;

    public ProjectionDatabase(PostgresDatabase database) => _database = database;

    public ProjectionDatabase(NpgsqlDataSource dataSource, PostgresOptions? options)
    {
        ArgumentNullException.ThrowIfNull(dataSource);
        options = PostgresOptionsRules.Checked(options);
        _database = new PostgresDatabase(dataSource, new SqlCatalog(new SchemaName(options.Schema)), options);
    }

    /// <summary>The statements of the store.</summary>
    public PostgresDatabase Statements => _database;

    /// <summary>Runs what writes in a transaction of its own, and commits it.</summary>
    /// <exception cref="WriteOutcomeUnknownException">Nobody knows whether it was committed.</exception>
    public async Task<TResult> TransactAsync<TResult>(
        string what, Func<NpgsqlTransaction, Task<TResult>> act, CancellationToken cancellationToken)
    {
        var connection = await _database.OpenAsync(cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            var translate = DriverErrors.Translate;
            try
            {
                var transaction = await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
                await using (transaction.ConfigureAwait(false))
                {
                    var result = await act(transaction).ConfigureAwait(false);

                    // Giving up from here on would not tell whether it is committed.
                    translate = DriverErrors.TranslateWrite;
                    using var commit = new CommitWatch(connection);
                    await transaction.CommitAsync(CancellationToken.None).ConfigureAwait(false);
                    return commit.Warning is null ? result : throw new WriteOutcomeUnknownException(commit.Warning);
                }
            }
            catch (Exception e) when (DriverErrors.IsFromDriver(e, connection))
            {
                throw translate(e, what);
            }
        }
    }

    /// <summary>Makes the tables when they are missing; one process at a time does.</summary>
    public Task EnsureTablesAsync(
        IProjection projection, ProjectionTables tables, CancellationToken cancellationToken) =>
        TransactAsync(
            "tables of a projection",
            async transaction =>
            {
                await LockAsync(tables, transaction, cancellationToken).ConfigureAwait(false);
                if (!await AllExistAsync(tables, transaction, cancellationToken).ConfigureAwait(false))
                {
                    await projection.CreateTablesAsync(
                        new ProjectionContext(tables, transaction, isRebuilding: false), cancellationToken)
                        .ConfigureAwait(false);
                }

                return true;
            },
            cancellationToken);

    /// <summary>Nobody else makes or swaps these tables until the transaction ends.</summary>
    public Task LockAsync(
        ProjectionTables tables, NpgsqlTransaction transaction, CancellationToken cancellationToken) =>
        _database.QueryAsync(
            "lock_projection",
            parameters => parameters.Add(new NpgsqlParameter<string> { TypedValue = tables.Quoted(tables.Names[0]) }),
            static _ => 0,
            cancellationToken,
            transaction,
            prepare: false);

    /// <summary>Whether all tables are there.</summary>
    public async Task<bool> AllExistAsync(
        ProjectionTables tables, NpgsqlTransaction? transaction, CancellationToken cancellationToken)
    {
        var found = await _database.QueryAsync(
            "find_tables",
            parameters => parameters.Add(
                new NpgsqlParameter<string[]> { TypedValue = [.. tables.Names.Select(tables.Quoted)] }),
            static reader => reader.GetInt64(0),
            cancellationToken,
            transaction,
            prepare: false).ConfigureAwait(false);
        return found[0] == tables.Names.Count;
    }

    /// <summary>Hands a projection those of the events that it is made of.</summary>
    public static Task ApplyAsync(
        IProjection projection,
        IReadOnlyList<EventEnvelope> events,
        ProjectionContext context,
        CancellationToken cancellationToken)
    {
        var wanted = projection.Filter is { } filter ? [.. events.Where(filter.Matches)] : events;
        return wanted.Count == 0 ? Task.CompletedTask : projection.ApplyAsync(wanted, context, cancellationToken);
    }

    /// <summary>Applies events, and tells what is the fault of an event from what is not.</summary>
    /// <exception cref="EventHandlingException">The projection failed; the last event is blamed.</exception>
    public static async Task ApplyOrBlameAsync(
        IProjection projection,
        IReadOnlyList<EventEnvelope> events,
        ProjectionContext context,
        CancellationToken cancellationToken)
    {
        var connection = context.Connection;
        try
        {
            await ApplyAsync(projection, events, context, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested
            && connection.State is ConnectionState.Open && e is not PostgresException { IsTransient: true })
        {
            throw new EventHandlingException(events[^1], e);
        }
    }

    /// <summary>Fails after an error that was swallowed, and for what only a commit would refuse.</summary>
    /// <exception cref="EventHandlingException">The projection is to blame; names the last event.</exception>
    public async Task CheckAsync(
        EventEnvelope last, NpgsqlTransaction transaction, CancellationToken cancellationToken)
    {
        try
        {
            await _database.QueryAsync(
                "check_constraints", static _ => { }, static _ => 0, cancellationToken, transaction, prepare: false)
                .ConfigureAwait(false);
        }
        catch (StoreOperationException e)
        {
            throw new EventHandlingException(last, e);
        }
    }

    /// <summary>
    /// Finds the event of a batch that a projection fails for: applies them one by one, and rolls all of it back.
    /// </summary>
    /// <returns>The failure with that event; the given one when no event fails by itself.</returns>
    public async Task<EventHandlingException> FindFailureAsync(
        IProjection projection,
        ProjectionTables tables,
        IReadOnlyList<EventEnvelope> events,
        EventHandlingException failure,
        CancellationToken cancellationToken)
    {
        var connection = await _database.OpenAsync(cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            var transaction = await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
            await using (transaction.ConfigureAwait(false))
            {
                var context = new ProjectionContext(tables, transaction, isRebuilding: true);
                foreach (var envelope in events)
                {
                    try
                    {
                        await ApplyAsync(projection, [envelope], context, cancellationToken).ConfigureAwait(false);

                        await CheckAsync(envelope, transaction, cancellationToken).ConfigureAwait(false);
                    }
                    catch (EventHandlingException e)
                    {
                        return e;
                    }
                    catch (Exception e) when (!cancellationToken.IsCancellationRequested
                        && connection.State is ConnectionState.Open)
                    {
                        return new EventHandlingException(envelope, e);
                    }
                    catch (Exception e) when (DriverErrors.IsFromDriver(e, connection))
                    {
                        throw DriverErrors.Translate(e, "a projection");
                    }
                }
            }
        }

        return failure;
    }
}
