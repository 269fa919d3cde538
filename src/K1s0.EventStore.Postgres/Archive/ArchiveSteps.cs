using System.Data;
using Npgsql;

namespace K1s0.EventStore.Postgres;

/// <summary>
/// Runs what is written under the lease of the archive, and says why a step was refused. Each one is a transaction of
/// its own at isolation level read committed, without a limit by role or database to how long it takes. Thread-safe.
/// </summary>
internal sealed class ArchiveSteps(PostgresDatabase database)
{
    public static ArchiveRefusal ReasonOf(string outcome) => outcome switch
    {
        "changed" => ArchiveRefusal.Changed,
        "not_listed" => ArchiveRefusal.NotListed,
        "behind" => ArchiveRefusal.Behind,
        "held" => ArchiveRefusal.Held,
        "retained" => ArchiveRefusal.Retained,
        "unsealed" => ArchiveRefusal.Unsealed,
        _ => ArchiveRefusal.Moved,
    };

    public async Task<TResult> RunAsync<TResult>(
        string statement,
        Lease lease,
        Action<NpgsqlParameterCollection> addParameters,
        Func<NpgsqlDataReader, TResult> read,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lease);
        List<(string Outcome, string Detail, TResult Result)> rows;
        try
        {
            rows = await TransactAsync(
                statement,
                parameters =>
                {
                    parameters.AddValue(lease.Epoch);
                    addParameters(parameters);
                },
                reader => (
                    reader.GetString(0), reader.IsDBNull(1) ? string.Empty : reader.GetString(1), read(reader)),
                cancellationToken).ConfigureAwait(false);
        }
        catch (EventStoreException e) when (DriverErrors.IsLocked(e.InnerException))
        {
            throw new ArchiveRefusedException(
                ArchiveRefusal.Busy, "Readers or writers keep it locked.", e.InnerException);
        }

        var (outcome, detail, result) = rows[0];
        return outcome switch
        {
            "done" => result,
            "fenced" => throw new LeaseLostException(lease.Name, lease.Epoch),
            _ => throw new ArchiveRefusedException(ReasonOf(outcome), detail),
        };
    }

    private async Task<List<TRow>> TransactAsync<TRow>(
        string statement,
        Action<NpgsqlParameterCollection> addParameters,
        Func<NpgsqlDataReader, TRow> read,
        CancellationToken cancellationToken)
    {
        var connection = await database.OpenAsync(cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            var translate = DriverErrors.Translate;
            try
            {
                var transaction = await connection
                    .BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellationToken).ConfigureAwait(false);
                await using (transaction.ConfigureAwait(false))
                {
                    await database.QueryAsync(
                        "lift_statement_timeout", static _ => { }, static _ => 0, cancellationToken, transaction)
                        .ConfigureAwait(false);
                    var rows = await database.QueryAsync(
                        statement, addParameters, read, cancellationToken, transaction).ConfigureAwait(false);

                    // Giving up from here on would not tell whether it is committed.
                    translate = DriverErrors.TranslateWrite;
                    using var commit = new CommitWatch(connection);
                    await transaction.CommitAsync(CancellationToken.None).ConfigureAwait(false);
                    return commit.Warning is null ? rows : throw new WriteOutcomeUnknownException(commit.Warning);
                }
            }
            catch (Exception e) when (DriverErrors.IsFromDriver(e, connection))
            {
                throw translate(e, statement);
            }
        }
    }
}
