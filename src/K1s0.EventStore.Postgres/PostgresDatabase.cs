using System.Transactions;
using Npgsql;

namespace K1s0.EventStore.Postgres;

/// <summary>
/// Runs the embedded statements of one store. A connection is held only while its rows are read. Thread-safe.
/// </summary>
internal sealed class PostgresDatabase(
    NpgsqlDataSource dataSource, SqlCatalog sql, PostgresOptions options, TimeSpan? commandTimeout = null)
{
    public SqlCatalog Sql => sql;

    public PostgresOptions Options => options;

    public NpgsqlDataSource DataSource => dataSource;

    /// <summary>Opens a connection; the driver's exceptions have become ours.</summary>
    public async Task<NpgsqlConnection> OpenAsync(CancellationToken cancellationToken)
    {
        try
        {
            // Not in an ambient transaction: what is acknowledged here must not be undone by somebody else's scope. Who
            // wants one transaction passes it.
            using var alone = Transaction.Current is null
                ? null
                : new TransactionScope(TransactionScopeOption.Suppress, TransactionScopeAsyncFlowOption.Enabled);
            return await dataSource.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (DriverErrors.IsFromDriver(e))
        {
            throw new StoreUnavailableException(
                $"Cannot connect to PostgreSQL ({DriverErrors.Describe(e)}). Check that the server runs and accepts "
                    + "the connection string.", e);
        }
    }

    /// <summary>Makes a command of an embedded statement.</summary>
    public NpgsqlCommand Command(string statement, NpgsqlConnection connection,
        NpgsqlTransaction? transaction = null) =>
        CommandOf(sql[statement], connection, transaction);

    /// <summary>
    /// Prepares the command on its connection, where that is allowed; once for each physical connection.
    /// </summary>
    public Task PrepareAsync(NpgsqlCommand command, CancellationToken cancellationToken) =>
        options.PrepareStatements ? command.PrepareAsync(cancellationToken) : Task.CompletedTask;

    /// <summary>Runs a statement that reads, or that is safe to lose the answer of, and returns its rows.</summary>
    public async Task<List<TRow>> QueryAsync<TRow>(
        string statement,
        Action<NpgsqlParameterCollection> addParameters,
        Func<NpgsqlDataReader, TRow> readRow,
        CancellationToken cancellationToken,
        NpgsqlTransaction? transaction = null,
        bool prepare = true)
    {
        if (transaction is not null)
        {
            return await QueryOnAsync(
                Connection(transaction),
                transaction,
                statement,
                addParameters,
                readRow,
                prepare,
                DriverErrors.Translate,
                cancellationToken).ConfigureAwait(false);
        }

        var connection = await OpenAsync(cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            return await QueryOnAsync(
                connection,
                null,
                statement,
                addParameters,
                readRow,
                prepare,
                DriverErrors.Translate,
                cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Runs an embedded statement into which more names were put, in the caller's transaction; never prepared.
    /// </summary>
    public Task<List<TRow>> QueryTextAsync<TRow>(
        string text,
        string statement,
        Action<NpgsqlParameterCollection> addParameters,
        Func<NpgsqlDataReader, TRow> readRow,
        NpgsqlTransaction transaction,
        CancellationToken cancellationToken) =>
        QueryOnAsync(
            Connection(transaction),
            transaction,
            statement,
            addParameters,
            readRow,
            prepare: false,
            DriverErrors.Translate,
            cancellationToken,
            text);

    /// <summary>
    /// Runs a statement that writes. In a transaction of its own it has succeeded only when the commit was confirmed
    /// without a warning; in the caller's, the caller's commit decides.
    /// </summary>
    /// <exception cref="WriteOutcomeUnknownException">Nobody knows whether it was written.</exception>
    public async Task<List<TRow>> WriteAsync<TRow>(
        string statement,
        Action<NpgsqlParameterCollection> addParameters,
        Func<NpgsqlDataReader, TRow> readRow,
        CancellationToken cancellationToken,
        NpgsqlTransaction? transaction = null)
    {
        if (transaction is not null)
        {
            return await QueryAsync(statement, addParameters, readRow, cancellationToken, transaction)
                .ConfigureAwait(false);
        }

        var connection = await OpenAsync(cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            using var commit = new CommitWatch(connection);
            var rows = await QueryOnAsync(
                connection,
                null,
                statement,
                addParameters,
                readRow,
                prepare: true,
                DriverErrors.TranslateWrite,
                cancellationToken).ConfigureAwait(false);
            return commit.Warning is null ? rows : throw new WriteOutcomeUnknownException(commit.Warning);
        }
    }

    /// <summary>The connection of a caller's transaction.</summary>
    /// <exception cref="ArgumentException">It has ended.</exception>
    public static NpgsqlConnection Connection(NpgsqlTransaction transaction)
    {
        try
        {
            // The connection alone outlives a commit; the level is not told any more.
            _ = transaction.IsolationLevel;
            return transaction.Connection
                ?? throw new ArgumentException("The transaction has ended.", nameof(transaction));
        }
        catch (InvalidOperationException e)
        {
            throw new ArgumentException("The transaction has ended.", nameof(transaction), e);
        }
    }

    private NpgsqlCommand CommandOf(string text, NpgsqlConnection connection, NpgsqlTransaction? transaction) =>
        new(text, connection, transaction)
        {
            CommandTimeout = (int)(commandTimeout ?? options.CommandTimeout).TotalSeconds,
        };

    private async Task<List<TRow>> QueryOnAsync<TRow>(
        NpgsqlConnection connection,
        NpgsqlTransaction? transaction,
        string statement,
        Action<NpgsqlParameterCollection> addParameters,
        Func<NpgsqlDataReader, TRow> readRow,
        bool prepare,
        Func<Exception, string, EventStoreException> translate,
        CancellationToken cancellationToken,
        string? text = null)
    {
        var command = CommandOf(text ?? sql[statement], connection, transaction);
        await using (command.ConfigureAwait(false))
        {
            addParameters(command.Parameters);
            if (prepare)
            {
                await PrepareAsync(command, statement, cancellationToken).ConfigureAwait(false);
            }

            try
            {
                var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
                await using (reader.ConfigureAwait(false))
                {
                    var rows = new List<TRow>();
                    while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
                    {
                        rows.Add(readRow(reader));
                    }

                    // A commit is confirmed behind the rows: read up to the end before believing anything.
                    await reader.NextResultAsync(cancellationToken).ConfigureAwait(false);
                    return rows;
                }
            }
            catch (Exception e) when (DriverErrors.IsFromDriver(e, connection))
            {
                throw translate(e, statement);
            }
        }
    }

    private async Task PrepareAsync(NpgsqlCommand command, string statement, CancellationToken cancellationToken)
    {
        try
        {
            await PrepareAsync(command, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (DriverErrors.IsFromDriver(e, command.Connection!))
        {
            throw DriverErrors.Translate(e, statement);
        }
    }
}
