using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;

namespace K1s0.EventStore.Postgres;

/// <summary>
/// Looks at the schema's version, at how long the feed has been held back and by whom, and whether next month has a
/// partition. Thread-safe.
/// </summary>
public sealed class PostgresHealthCheck : IHealthCheck
{
    private readonly PostgresDatabase _database;
    private readonly TimeSpan _longestHold;

    /// <summary>A health check of a store.</summary>
    /// <param name="dataSource">Where to connect; owned by the application.</param>
    /// <param name="options">Which schema; the defaults when null.</param>
    /// <param name="longestHold">
    /// How long one append may hold back the feed before the store counts as degraded; 10 seconds when null.
    /// </param>
    public PostgresHealthCheck(NpgsqlDataSource dataSource, PostgresOptions? options = null,
        TimeSpan? longestHold = null)
    {
        ArgumentNullException.ThrowIfNull(dataSource);
        options = PostgresOptionsRules.Checked(options);
        _database = new PostgresDatabase(dataSource, new SqlCatalog(new SchemaName(options.Schema)), options);
        _longestHold = longestHold ?? TimeSpan.FromSeconds(10);
    }

    /// <inheritdoc/>
    public async Task<HealthCheckResult> CheckHealthAsync(
        HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        try
        {
            var rows = await _database.QueryAsync(
                "check_health", static _ => { }, HealthRow.Read, cancellationToken, prepare: false)
                    .ConfigureAwait(false);
            var row = rows[0];
            return row.FirstFault(_longestHold) is var (status, fault)
                ? new HealthCheckResult(status, fault, data: row.ToData())
                : HealthCheckResult.Healthy("The event store works.", row.ToData());
        }
        catch (EventStoreException e)
        {
            return new HealthCheckResult(context.Registration.FailureStatus, e.Message, e);
        }
    }
}
