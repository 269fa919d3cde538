using System.Diagnostics.CodeAnalysis;
using K1s0.EventStore;
using K1s0.EventStore.Archive;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers archiving.</summary>
public static class ArchivingEventStoreBuilderExtensions
{
    /// <summary>
    /// Moves old months of a store into the archive, as a hosted service, and lets the store read them there. Takes the
    /// application's <see cref="IObjectStore"/>, the one with the store's name as its key or the one without a key:
    /// register it, or call <c>AddS3Archive</c>. Each store needs a bucket or a prefix of its own; one that finds the
    /// manifests of another stores nothing (<see cref="ManifestConflictException"/>). Injects <see cref="Archiver"/>,
    /// and keyed by the store's name <see cref="IArchivedEvents"/>, <see cref="ArchivingHealthCheck"/>, and
    /// <see cref="IArchiveListings"/> for an <see cref="ArchiveLifecycle"/>. Calling it again only adds to the options.
    /// </summary>
    /// <param name="builder">The builder, on which a backend that keeps an archive's books is chosen.</param>
    /// <param name="configure">Sets which months leave; validated when the application starts.</param>
    /// <param name="configureReading">Sets how archived events are read; validated when the application starts.</param>
    /// <param name="name">The key of the store; empty for the one without a key.</param>
    public static IEventStoreBuilder AddArchiving(
        this IEventStoreBuilder builder,
        Action<ArchivingOptions>? configure = null,
        Action<ArchiveReadingOptions>? configureReading = null,
        string name = "")
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(name);
        var services = builder.Services;
        services.Configure(name, configure ?? (static _ => { }));
        services.Configure(name, configureReading ?? (static _ => { }));
        if (services.Any(service => service.IsKeyedService
            && service.ServiceType == typeof(ArchivingService) && name.Equals(service.ServiceKey)))
        {
            return builder;
        }

        services.AddOptions<ArchivingOptions>(name).ValidateOnStart();
        services.AddOptions<ArchiveReadingOptions>(name).ValidateOnStart();
        services.TryAddEnumerable(
            ServiceDescriptor.Singleton<IValidateOptions<ArchivingOptions>, ArchivingOptionsValidator>());
        services.TryAddEnumerable(
            ServiceDescriptor.Singleton<IValidateOptions<ArchivingOptions>, ArchivingOptionsRules>());
        services.TryAddEnumerable(
            ServiceDescriptor.Singleton<IValidateOptions<ArchiveReadingOptions>, ArchiveReadingOptionsValidator>());
        AddServices(services, name);
        return builder;
    }

    private static void AddServices(IServiceCollection services, string name)
    {
        services.AddKeyedSingleton<IArchivedEvents>(name, static (provider, key) => new ArchivedEvents(
            Objects(provider, key), OptionsOf<ArchiveReadingOptions>(provider, key)));
        services.AddKeyedSingleton(name, static (provider, key) => new Archiver(
            Parts(provider, key),
            OptionsOf<ArchivingOptions>(provider, key),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetService<ILoggerFactory>()));
        services.AddKeyedSingleton<IArchiveListings>(name, static (provider, key) => new CatalogListings(
            Parts(provider, key),
            OptionsOf<ArchivingOptions>(provider, key),
            provider.GetRequiredService<TimeProvider>()));
        services.AddKeyedSingleton(name, static (provider, key) => new ArchivingService(
            provider.GetRequiredKeyedService<Archiver>(key),
            OptionsOf<ArchivingOptions>(provider, key),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetService<ILoggerFactory>()));
        services.AddSingleton<IHostedService>(
            provider => provider.GetRequiredKeyedService<ArchivingService>(name));
        services.AddKeyedSingleton(name, static (provider, key) => new ArchivingHealthCheck(
            Catalog(provider, key),
            OptionsOf<ArchivingOptions>(provider, key),
            provider.GetRequiredKeyedService<ArchivingService>(key)));
        if (name.Length == 0)
        {
            services.AddSingleton(provider => provider.GetRequiredKeyedService<Archiver>(name));
        }
    }

    private static ArchiverParts Parts(IServiceProvider provider, object? key) => new(
        provider.GetRequiredKeyedService<IFeedReader>(key),
        Catalog(provider, key),
        provider.GetRequiredKeyedService<ILeaseStore>(key),
        Objects(provider, key));

    private static IObjectStore Objects(IServiceProvider provider, object? key) =>
        provider.GetKeyedService<IObjectStore>(key) ?? provider.GetRequiredService<IObjectStore>();

    private static IArchiveCatalog Catalog(IServiceProvider provider, object? key) =>
        provider.GetKeyedService<IArchiveCatalog>(key)
        ?? throw new InvalidOperationException(
            $"The event store \"{key}\" has no backend that keeps an archive's books: choose one, such as "
            + "UsePostgres().");

    private static TOptions OptionsOf<
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicParameterlessConstructor)] TOptions>(
        IServiceProvider provider, object? key)
        where TOptions : class =>
        provider.GetRequiredService<IOptionsMonitor<TOptions>>().Get((string)key!);
}
