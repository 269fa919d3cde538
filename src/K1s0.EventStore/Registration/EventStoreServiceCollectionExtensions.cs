using K1s0.EventStore;
using K1s0.EventStore.Compression;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers event stores.</summary>
public static class EventStoreServiceCollectionExtensions
{
    /// <summary>
    /// Adds what all stores share, and returns the builder on which a backend is chosen. Calling it again is harmless.
    /// </summary>
    /// <param name="services">The services of the application.</param>
    /// <param name="configure">Sets limits and defaults; validated when the application starts.</param>
    public static IEventStoreBuilder AddEventStore(
        this IServiceCollection services, Action<EventStoreOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        var options = services.AddOptions<EventStoreOptions>().ValidateOnStart();
        if (configure is not null)
        {
            options.Configure(configure);
        }

        services.TryAddEnumerable(
            ServiceDescriptor.Singleton<IValidateOptions<EventStoreOptions>, EventStoreOptionsValidator>());
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(static _ => CompressionCodecs.OfSystem);
        return new EventStoreBuilder(services);
    }

    /// <summary>Uses the in-memory store, for unit tests and throw-away data. Calling it again is harmless.</summary>
    /// <param name="builder">The builder.</param>
    /// <param name="name">The key that the store is injected by; empty for the one without a key.</param>
    /// <exception cref="InvalidOperationException">Another backend is registered under this name.</exception>
    public static IEventStoreBuilder UseInMemory(this IEventStoreBuilder builder, string name = "")
    {
        ArgumentNullException.ThrowIfNull(builder);
        if (!builder.Services.AddStore<InMemoryEventStore, InMemorySnapshotStore, InMemoryCheckpointStore>(name))
        {
            return builder;
        }

        builder.Services.AddKeyedSingleton(name, static (provider, _) => new InMemoryEventStore(
            provider.GetRequiredService<IOptions<EventStoreOptions>>().Value,
            provider.GetRequiredService<TimeProvider>()));
        builder.Services.AddKeyedSingleton(name, static (provider, _) => new InMemorySnapshotStore(
            provider.GetRequiredService<IOptions<EventStoreOptions>>().Value,
            provider.GetRequiredService<TimeProvider>()));
        builder.Services.AddKeyedSingleton(name, static (provider, key) => new InMemoryCheckpointStore(
            provider.GetRequiredKeyedService<InMemoryEventStore>(key)));
        builder.Services.AddKeyedSingleton(name, static (provider, _) => new InMemoryLeaseStore(
            provider.GetRequiredService<TimeProvider>()));
        builder.Services.AddLeases<InMemoryLeaseStore>(name);
        builder.Services.AddCatalog<InMemoryEventStore>(name);
        builder.Services.AddKeyedSingleton<ILedgerStore>(name, static (provider, key) => new InMemoryLedgerStore(
            provider.GetRequiredKeyedService<InMemoryEventStore>(key),
            provider.GetRequiredKeyedService<InMemoryLeaseStore>(key),
            provider.GetRequiredService<TimeProvider>()));
        builder.Services.AddKeyedSingleton<IParkedEventStore>(name, static (provider, key) =>
            new InMemoryParkedEventStore(provider.GetRequiredKeyedService<InMemoryCheckpointStore>(key)));
        if (name.Length == 0)
        {
            builder.Services.AddSingleton(provider => provider.GetRequiredKeyedService<IParkedEventStore>(name));
        }

        return builder;
    }
}
