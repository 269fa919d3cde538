using System.Diagnostics.CodeAnalysis;
using K1s0.EventStore;
using K1s0.EventStore.Postgres;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers projections on PostgreSQL.</summary>
public static class ProjectionRegistration
{
    /// <summary>
    /// Adds a projection that follows the feed as a subscription, exactly once, as long as the application runs. The
    /// projection is a singleton: made once by the container, unless it is registered already. Calling it again for the
    /// same name is harmless. A <see cref="ProjectionRebuilder"/> has the same key.
    /// </summary>
    /// <typeparam name="TProjection">What the events mean.</typeparam>
    /// <param name="builder">The builder.</param>
    /// <param name="name">
    /// The name, under which the checkpoint is kept, and the key of the <see cref="Subscription"/>.
    /// </param>
    /// <param name="configure">
    /// Sets options; validated when the application starts. The filter is that of the projection.
    /// </param>
    /// <param name="storeName">The key of the store; empty for the one without a key.</param>
    /// <exception cref="ArgumentException">The name is refused.</exception>
    public static IEventStoreBuilder AddProjection<
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TProjection>(
        this IEventStoreBuilder builder,
        string name,
        Action<SubscriptionOptions>? configure = null,
        string storeName = "")
        where TProjection : class, IProjection
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(storeName);
        ConsumerName.Check(name, nameof(name));
        builder.Services.TryAddSingleton<TProjection>();
        AddRebuilder<TProjection>(builder.Services, name, storeName, isInline: false);
        return builder.AddSubscription(name, configure, storeName, static (provider, parts) =>
        {
            var projection = provider.GetRequiredService<TProjection>();
            parts.Options.Filter = projection.Filter;
            return new Subscription(
                parts.Name,
                new ProjectionHandler(
                    Source(provider, parts.StoreName),
                    projection,
                    OptionsOf(provider, parts.StoreName),
                    parts.Leases is null ? null : parts.Options.LeaseDuration),
                parts.Live,
                parts.Checkpoints,
                parts.Options,
                parts.Parked,
                parts.TimeProvider,
                provider.GetService<ILoggerFactory>(),
                parts.Leases);
        });
    }

    /// <summary>
    /// Adds a projection that every append of the store applies in its own transaction: the tables are never behind,
    /// and
    /// a projection that fails fails the append, with nothing written. Appends no longer share transactions. The
    /// projection is a singleton. Calling it again for the same name is harmless.
    /// </summary>
    /// <remarks>
    /// Processes that append without it, and the SQL functions, do not apply it. Rebuild it after it was added to a
    /// store that has events: a <see cref="ProjectionRebuilder"/> has the name as its key.
    /// </remarks>
    /// <typeparam name="TProjection">What the events mean.</typeparam>
    /// <param name="builder">The builder.</param>
    /// <param name="name">The name of the projection.</param>
    /// <param name="storeName">The key of the store; empty for the one without a key.</param>
    /// <exception cref="ArgumentException">The name is refused.</exception>
    public static IEventStoreBuilder AddInlineProjection<
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TProjection>(
        this IEventStoreBuilder builder, string name, string storeName = "")
        where TProjection : class, IProjection
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(storeName);
        ConsumerName.Check(name, nameof(name));
        var services = builder.Services;
        if (services.Any(service => service.IsKeyedService && service.ServiceType == typeof(ProjectionRebuilder)
            && Equals(service.ServiceKey, KeyOf(name, storeName))))
        {
            return builder;
        }

        services.TryAddSingleton<TProjection>();
        services.AddKeyedSingleton(
            storeName,
            static (provider, _) => new RegisteredInlineProjection(provider.GetRequiredService<TProjection>()));
        AddRebuilder<TProjection>(services, name, storeName, isInline: true);
        return builder;
    }

    private static string KeyOf(string name, string storeName) =>
        storeName.Length == 0 ? name : $"{storeName}/{name}";

    private static void AddRebuilder<TProjection>(
        IServiceCollection services, string name, string storeName, bool isInline)
        where TProjection : class, IProjection =>
        services.TryAddKeyedSingleton(
            KeyOf(name, storeName),
            (provider, _) => new ProjectionRebuilder(
                Source(provider, storeName),
                provider.GetKeyedService<IArchivedEvents>(storeName),
                name,
                provider.GetRequiredService<TProjection>(),
                OptionsOf(provider, storeName),
                isInline,
                provider.GetRequiredService<TimeProvider>(),
                provider.GetService<ILoggerFactory>()));

    private static NpgsqlDataSource Source(IServiceProvider provider, string storeName) =>
        provider.GetRequiredKeyedService<StoreDataSource>(storeName).DataSource;

    private static PostgresOptions OptionsOf(IServiceProvider provider, string storeName) =>
        provider.GetRequiredService<IOptionsMonitor<PostgresOptions>>().Get(storeName);
}
