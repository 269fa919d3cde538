using System.Runtime.CompilerServices;
using Npgsql;

namespace K1s0.EventStore.Postgres;

/// <summary>
/// Refuses to read streams in sessions whose statements have an older snapshot than the locks that they wait for: what
/// left for the archive meanwhile would be overlooked. Asked at the first read, once for a data source, so that a store
/// without a host is guarded too. Thread-safe.
/// </summary>
internal sealed class SessionIsolation(PostgresDatabase database)
{
    // The sessions of a data source are alike, whoever reads by them.
    private static readonly ConditionalWeakTable<NpgsqlDataSource, object> Accepted = [];

    private volatile bool _isAccepted;

    /// <exception cref="StoreDurabilityException">They have such snapshots.</exception>
    public ValueTask CheckAsync(CancellationToken cancellationToken) =>
        _isAccepted ? ValueTask.CompletedTask : AskAsync(cancellationToken);

    private async ValueTask AskAsync(CancellationToken cancellationToken)
    {
        if (!Accepted.TryGetValue(database.DataSource, out _))
        {
            await DurabilityCheck.CheckIsolationAsync(database, cancellationToken).ConfigureAwait(false);
            Accepted.AddOrUpdate(database.DataSource, this);
        }

        _isAccepted = true;
    }
}
