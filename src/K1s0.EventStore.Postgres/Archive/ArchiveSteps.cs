using Npgsql;

namespace K1s0.EventStore.Postgres;

/// <summary>
/// Runs what is written under the lease of the archive, and says why a step was refused. Thread-safe.
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
            rows = await database.WriteAsync(
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
}
