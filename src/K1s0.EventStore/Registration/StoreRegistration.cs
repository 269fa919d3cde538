using Microsoft.Extensions.DependencyInjection;

namespace K1s0.EventStore;

/// <summary>
/// Registers one store under its name, so that every backend offers the same services and two backends cannot claim one
/// name.
/// </summary>
public static class StoreRegistration
{
    /// <summary>
    /// Registers the roles of a store: as keyed services under its name, and without a key when the name is empty.
    /// </summary>
    /// <typeparam name="TStore">The store; already registered, keyed by the name.</typeparam>
    /// <typeparam name="TSnapshots">The snapshot store; already registered, keyed by the name.</typeparam>
    /// <typeparam name="TCheckpoints">The checkpoint store; already registered, keyed by the name.</typeparam>
    /// <param name="services">The services of the application.</param>
    /// <param name="name">The name of the store; empty for the one that is injected without a key.</param>
    /// <returns>Whether the store is new; false when the same backend was registered under this name before.</returns>
    /// <exception cref="InvalidOperationException">Another backend is registered under this name.</exception>
    public static bool AddStore<TStore, TSnapshots, TCheckpoints>(this IServiceCollection services, string name)
        where TStore : class, IEventStore, IEventAppender, IStreamReader, IFeedReader
        where TSnapshots : class, ISnapshotStore
        where TCheckpoints : class, ICheckpointStore
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(name);
        if (Backend(services, name) is { } backend)
        {
            return backend == typeof(TStore)
                ? false
                : throw new InvalidOperationException(
                    $"The event store {Quoted(name)} already uses {backend.Name}; "
                    + $"it cannot use {typeof(TStore).Name} as well.");
        }

        services.AddSingleton(new RegisteredStore(name, typeof(TStore)));
        AddRole<IEventStore, TStore>(services, name);
        AddRole<IEventAppender, TStore>(services, name);
        AddRole<IStreamReader, TStore>(services, name);
        AddRole<IFeedReader, TStore>(services, name);
        AddRole<ISnapshotStore, TSnapshots>(services, name);
        AddRole<ICheckpointStore, TCheckpoints>(services, name);
        return true;
    }

    /// <summary>Registers the lease store of a store, in the same way as its other roles.</summary>
    /// <typeparam name="TLeases">The lease store; already registered, keyed by the name.</typeparam>
    /// <param name="services">The services of the application.</param>
    /// <param name="name">The name of the store; empty for the one that is injected without a key.</param>
    public static void AddLeases<TLeases>(this IServiceCollection services, string name)
        where TLeases : class, ILeaseStore
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(name);
        AddRole<ILeaseStore, TLeases>(services, name);
    }

    /// <summary>Registers the books of a store, in the same way as its other roles.</summary>
    /// <typeparam name="TCatalog">The store; already registered, keyed by the name.</typeparam>
    /// <param name="services">The services of the application.</param>
    /// <param name="name">The name of the store; empty for the one without a key.</param>
    public static void AddCatalog<TCatalog>(this IServiceCollection services, string name)
        where TCatalog : class, IStreamCatalog
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(name);
        AddRole<IStreamCatalog, TCatalog>(services, name);
    }

    private static void AddRole<TRole, TImplementation>(IServiceCollection services, string name)
        where TRole : class
        where TImplementation : class, TRole
    {
        services.AddKeyedSingleton<TRole>(
            name, (provider, key) => provider.GetRequiredKeyedService<TImplementation>(key));
        if (name.Length == 0)
        {
            services.AddSingleton<TRole>(provider => provider.GetRequiredKeyedService<TImplementation>(name));
        }
    }

    private static Type? Backend(IServiceCollection services, string name) =>
        services.Where(service => !service.IsKeyedService)
            .Select(service => service.ImplementationInstance)
            .OfType<RegisteredStore>()
            .FirstOrDefault(store => string.Equals(store.Name, name, StringComparison.Ordinal))?.Backend;

    private static string Quoted(string name) => name.Length == 0 ? "(default)" : $"\"{name}\"";

    private sealed record RegisteredStore(string Name, Type Backend);
}
