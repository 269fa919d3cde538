using System.Diagnostics.CodeAnalysis;
using K1s0.EventStore;
using K1s0.EventStore.Postgres;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers exactly-once subscriptions on PostgreSQL.</summary>
public static class TransactionalSubscriptionRegistration
{
    /// <summary>
    /// Adds a subscription whose handler writes in the transaction that moves the checkpoint. The handler is a
    /// singleton: made once by the container, unless it is registered already. Calling it again for the same name is
    /// harmless.
    /// </summary>
    /// <typeparam name="THandler">What to do with an event.</typeparam>
    /// <param name="builder">The builder.</param>
    /// <param name="name">
    /// The name, under which the checkpoint is kept, and the key of the <see cref="Subscription"/>.
    /// </param>
    /// <param name="configure">Sets options; validated when the application starts.</param>
    /// <param name="storeName">The key of the store; empty for the one without a key.</param>
    /// <exception cref="ArgumentException">The name is refused.</exception>
    public static IEventStoreBuilder AddTransactionalSubscription<
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] THandler>(
        this IEventStoreBuilder builder,
        string name,
        Action<SubscriptionOptions>? configure = null,
        string storeName = "")
        where THandler : class, ITransactionalHandler
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.TryAddSingleton<THandler>();
        return builder.AddSubscription(name, configure, storeName, static (provider, parts) => new Subscription(
            parts.Name,
            new PostgresAtomicHandler(
                provider.GetRequiredKeyedService<StoreDataSource>(parts.StoreName).DataSource,
                provider.GetRequiredService<THandler>(),
                provider.GetRequiredService<IOptionsMonitor<PostgresOptions>>().Get(parts.StoreName),
                parts.Leases is null ? null : parts.Options.LeaseDuration),
            parts.Live,
            parts.Checkpoints,
            parts.Options,
            parts.Parked,
            parts.TimeProvider,
            provider.GetService<ILoggerFactory>(),
            parts.Leases));
    }
}
