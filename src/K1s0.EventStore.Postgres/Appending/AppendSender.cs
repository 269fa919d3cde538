using Npgsql;

namespace K1s0.EventStore.Postgres;

/// <summary>
/// Sends statements that write, and tells failures that certainly wrote nothing from those that nobody knows of.
/// </summary>
internal sealed class AppendSender(PostgresDatabase database)
{
    /// <summary>Opens a connection; what fails here has written nothing.</summary>
    public async Task<NpgsqlConnection> OpenAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await database.OpenAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (StoreUnavailableException e)
        {
            throw new AttemptFailedException(e, AttemptOutcome.NotWritten, isWorthRepeating: true);
        }
    }

    /// <summary>Sends one statement and waits until its commit is confirmed.</summary>
    /// <returns>The rows; null when an event id of the append is taken by a stored event.</returns>
    /// <exception cref="AttemptFailedException">It did not succeed; says whether it certainly did nothing.</exception>
    public async Task<List<TRow>?> SendAsync<TRow>(
        NpgsqlConnection connection,
        NpgsqlTransaction? transaction,
        string statement,
        Action<NpgsqlParameterCollection> addParameters,
        Func<NpgsqlDataReader, TRow> readRow,
        CancellationToken cancellationToken)
    {
        var command = database.Command(statement, connection, transaction);
        await using (command.ConfigureAwait(false))
        {
            addParameters(command.Parameters);
            cancellationToken.ThrowIfCancellationRequested();

            // In a caller's transaction even a cancelled preparation would abort the transaction.
            await PrepareAsync(command, statement, transaction is null ? cancellationToken : CancellationToken.None)
                .ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            using var commit = new CommitWatch(connection);
            try
            {
                var rows = new List<TRow>();

                // No token from here on: the commit is on its way.
                var reader = await command.ExecuteReaderAsync(CancellationToken.None).ConfigureAwait(false);
                await using (reader.ConfigureAwait(false))
                {
                    while (await reader.ReadAsync(CancellationToken.None).ConfigureAwait(false))
                    {
                        rows.Add(readRow(reader));
                    }

                    // The commit is confirmed behind the rows: read up to the end before believing anything.
                    await reader.NextResultAsync(CancellationToken.None).ConfigureAwait(false);
                }

                return commit.Warning is null
                    ? rows
                    : throw new AttemptFailedException(
                        new StoreUnavailableException(commit.Warning), AttemptOutcome.Unknown, isWorthRepeating: false);
            }
            catch (Exception e) when (DriverErrors.IsEventIdTaken(e))
            {
                return null;
            }
            catch (Exception e) when (e is not AttemptFailedException)
            {
                throw Failed(e, statement);
            }
        }
    }

    private async Task PrepareAsync(NpgsqlCommand command, string statement, CancellationToken cancellationToken)
    {
        try
        {
            await database.PrepareAsync(command, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (DriverErrors.IsFromDriver(e, command.Connection!))
        {
            var reason = DriverErrors.Translate(e, statement);
            throw new AttemptFailedException(reason, AttemptOutcome.NotWritten, reason.IsTransient);
        }
    }

    private static AttemptFailedException Failed(Exception e, string statement) =>
        DriverErrors.IsUndone(e)
            ? new AttemptFailedException(
                DriverErrors.Translate(e, statement),
                DriverErrors.IsMissingPartition(e) ? AttemptOutcome.NoPartition : AttemptOutcome.NotWritten,
                DriverErrors.IsTransient(e) || DriverErrors.IsMissingPartition(e))
            : new AttemptFailedException(
                new StoreUnavailableException(
                    $"the connection was lost while the append was under way: {DriverErrors.Describe(e)}", e),
                AttemptOutcome.Unknown,
                isWorthRepeating: true);
}
