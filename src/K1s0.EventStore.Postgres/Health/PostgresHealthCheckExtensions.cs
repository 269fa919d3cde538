using K1s0.EventStore;
using K1s0.EventStore.Postgres;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers the health check of a store on PostgreSQL.</summary>
public static class PostgresHealthCheckExtensions
{
    /// <summary>Adds the health check of a store.</summary>
    /// <param name="builder">The builder of <c>AddHealthChecks()</c>.</param>
    /// <param name="storeName">The key of the store; empty for the one without a key.</param>
    /// <param name="longestHold">How long one append may hold back the feed; 10 seconds when null.</param>
    /// <param name="tags">Tags of the check; none when null.</param>
    public static IHealthChecksBuilder AddEventStorePostgres(
        this IHealthChecksBuilder builder, string storeName = "", TimeSpan? longestHold = null,
            IEnumerable<string>? tags = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(storeName);
        return builder.Add(new HealthCheckRegistration(
            storeName.Length == 0 ? "event-store" : $"event-store-{storeName}",
            provider => new PostgresHealthCheck(
                provider.GetRequiredKeyedService<StoreDataSource>(storeName).DataSource,
                provider.GetRequiredService<IOptionsMonitor<PostgresOptions>>().Get(storeName),
                longestHold),
            failureStatus: null,
            tags));
    }

    /// <summary>
    /// Adds the health check of a store's scheduled verification, see <see cref="StoreVerificationHealthCheck"/>.
    /// </summary>
    /// <param name="builder">The builder of <c>AddHealthChecks()</c>.</param>
    /// <param name="storeName">The key of the store; empty for the one without a key.</param>
    /// <param name="tags">Tags of the check; none when null.</param>
    public static IHealthChecksBuilder AddEventStoreVerification(
        this IHealthChecksBuilder builder, string storeName = "", IEnumerable<string>? tags = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(storeName);
        return builder.Add(new HealthCheckRegistration(
            storeName.Length == 0 ? "event-store-verification" : $"event-store-verification-{storeName}",
            provider => provider.GetRequiredKeyedService<StoreVerificationHealthCheck>(storeName),
            failureStatus: null,
            tags));
    }

    /// <summary>Adds the health check of a store's ledger, see <see cref="LedgerHealthCheck"/>.</summary>
    /// <param name="builder">The builder of <c>AddHealthChecks()</c>.</param>
    /// <param name="storeName">The key of the store; empty for the one without a key.</param>
    /// <param name="tags">Tags of the check; none when null.</param>
    public static IHealthChecksBuilder AddEventStoreLedger(
        this IHealthChecksBuilder builder, string storeName = "", IEnumerable<string>? tags = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(storeName);
        return builder.Add(new HealthCheckRegistration(
            storeName.Length == 0 ? "event-store-ledger" : $"event-store-ledger-{storeName}",
            provider => provider.GetRequiredKeyedService<LedgerHealthCheck>(storeName),
            failureStatus: null,
            tags));
    }
}
