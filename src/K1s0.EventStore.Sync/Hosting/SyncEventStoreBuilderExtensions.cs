using K1s0.EventStore;
using K1s0.EventStore.Sync;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers synchronisation.</summary>
public static class SyncEventStoreBuilderExtensions
{
    /// <summary>
    /// Synchronises a replica with others, as a hosted service. Its logs lie in the application's
    /// <see cref="IReplicaStore"/>, or in the event store of the same name. Injects <see cref="SyncHost"/>, and keyed
    /// by the store's name also <see cref="SyncHealthCheck"/>. Calling it again only adds to the options.
    /// </summary>
    /// <param name="builder">The builder.</param>
    /// <param name="configure">Sets keys, peers and limits; validated when the application starts.</param>
    /// <param name="name">The key of the store; empty for the one without a key.</param>
    public static IEventStoreBuilder AddSync(
        this IEventStoreBuilder builder, Action<SyncHostOptions> configure, string name = "")
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(configure);
        ArgumentNullException.ThrowIfNull(name);
        var services = builder.Services;
        services.Configure(name, configure);
        if (services.Any(service => service.IsKeyedService
            && service.ServiceType == typeof(SyncHost) && name.Equals(service.ServiceKey)))
        {
            return builder;
        }

        services.AddOptions<SyncHostOptions>(name).ValidateOnStart();
        services.TryAddEnumerable(
            ServiceDescriptor.Singleton<IValidateOptions<SyncHostOptions>, SyncHostOptionsRules>());
        services.AddKeyedSingleton(name, static (provider, key) => new SyncHost(
            OptionsOf(provider, key), provider.GetRequiredService<TimeProvider>()));
        services.AddKeyedSingleton(name, static (provider, key) => new SyncHealthCheck(
            provider.GetRequiredKeyedService<SyncHost>(key), OptionsOf(provider, key).MaxLag));
        services.AddSingleton<IHostedService>(provider => new SyncService(
            provider.GetRequiredKeyedService<SyncHost>(name),
            () => StoreOf(provider, name),
            OptionsOf(provider, name),
            provider.GetRequiredService<TimeProvider>(),
            (provider.GetService<ILoggerFactory>() ?? NullLoggerFactory.Instance).CreateLogger<SyncService>(),
            Random.Shared.NextDouble));
        if (name.Length == 0)
        {
            services.AddSingleton(provider => provider.GetRequiredKeyedService<SyncHost>(name));
        }

        return builder;
    }

    private static IReplicaStore StoreOf(IServiceProvider provider, string name) =>
        provider.GetKeyedService<IReplicaStore>(name)
        ?? (name.Length == 0 ? provider.GetService<IReplicaStore>() : null)
        ?? new EventStoreReplicaStore(
            provider.GetKeyedService<IEventStore>(name)
            ?? throw new InvalidOperationException(
                $"There is no event store \"{name}\" to keep logs in: choose a backend, such as UseSqlite()."),
            provider.GetRequiredService<TimeProvider>());

    private static SyncHostOptions OptionsOf(IServiceProvider provider, object? key) =>
        provider.GetRequiredService<IOptionsMonitor<SyncHostOptions>>().Get((string)key!);
}
