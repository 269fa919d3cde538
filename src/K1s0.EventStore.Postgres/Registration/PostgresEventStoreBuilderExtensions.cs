using K1s0.EventStore;
using K1s0.EventStore.Postgres;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers event stores on PostgreSQL.</summary>
public static class PostgresEventStoreBuilderExtensions
{
    /// <summary>
    /// Uses PostgreSQL. Options come from the environment (see <see cref="PostgresEnvironment"/>), then from
    /// <paramref name="configure"/>, and are validated when the application starts. Calling it again is harmless.
    /// </summary>
    /// <param name="builder">The builder.</param>
    /// <param name="configure">Sets options; wins over the environment.</param>
    /// <exception cref="InvalidOperationException">Another backend is registered under this name.</exception>
    public static IEventStoreBuilder UsePostgres(
        this IEventStoreBuilder builder, Action<PostgresOptions>? configure = null) =>
        UsePostgres(builder, Options.Options.DefaultName, configure);

    /// <summary>
    /// Uses PostgreSQL for a named store: several schemas in one database, each injected by its name as the key.
    /// </summary>
    /// <param name="builder">The builder.</param>
    /// <param name="name">The key of the store; empty for the one without a key.</param>
    /// <param name="configure">Sets options; wins over the environment.</param>
    /// <exception cref="InvalidOperationException">Another backend is registered under this name.</exception>
    public static IEventStoreBuilder UsePostgres(
        this IEventStoreBuilder builder, string name, Action<PostgresOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(name);
        var services = builder.Services;
        var isNew = services.AddStore<TracedPostgresEventStore, PostgresSnapshotStore, PostgresCheckpointStore>(name);
        if (isNew)
        {
            services.AddOptions<PostgresOptions>(name)
                .Configure(static options => PostgresEnvironment.Apply(options, Environment.GetEnvironmentVariable))
                .ValidateOnStart();
            AddServices(services, name);
        }

        if (configure is not null)
        {
            services.Configure(name, configure);
        }

        return builder;
    }

    /// <summary>
    /// Uses PostgreSQL with options from configuration: the members of <see cref="PostgresOptions"/> by their names,
    /// for example
    /// <c>EventStore:Schema</c> in the section <c>EventStore</c>.
    /// </summary>
    /// <param name="builder">The builder.</param>
    /// <param name="section">The section; its values win over the environment.</param>
    /// <param name="name">The key of the store; empty for the one without a key.</param>
    /// <exception cref="InvalidOperationException">Another backend is registered under this name.</exception>
    public static IEventStoreBuilder UsePostgres(
        this IEventStoreBuilder builder, IConfiguration section, string name = "")
    {
        ArgumentNullException.ThrowIfNull(section);
        return UsePostgres(builder, name, options => PostgresConfiguration.Apply(options, section));
    }

    private static void AddServices(IServiceCollection services, string name)
    {
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<PostgresOptions>,
            PostgresOptionsValidator>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<PostgresOptions>,
            PostgresOptionsRules>());
        services.AddKeyedSingleton(name, static (provider, key) => StoreDataSource.Create(provider, (string)key!));
        services.AddKeyedSingleton(name, static (provider, key) => new PostgresEventStore(
            (string)key!,
            Source(provider, key),
            OptionsOf(provider, key),
            provider.GetRequiredService<IOptions<EventStoreOptions>>().Value,
            provider.GetRequiredService<TimeProvider>(),
            provider.GetService<ILoggerFactory>(),
            [.. provider.GetKeyedServices<RegisteredInlineProjection>(key).Select(one => one.Projection)],
            provider.GetKeyedService<IArchivedEvents>(key)));
        services.AddKeyedSingleton<IArchiveCatalog>(name, static (provider, key) => new PostgresArchiveCatalog(
            Source(provider, key), OptionsOf(provider, key)));
        services.AddKeyedSingleton(name, static (provider, key) => new TracedPostgresEventStore(
            provider.GetRequiredKeyedService<PostgresEventStore>(key)));
        services.AddKeyedSingleton(name, static (provider, key) => new PostgresSnapshotStore(
            Source(provider, key), OptionsOf(provider, key),
                provider.GetRequiredService<IOptions<EventStoreOptions>>().Value));
        services.AddKeyedSingleton(name, static (provider, key) => new PostgresCheckpointStore(
            Source(provider, key), OptionsOf(provider, key)));
        services.AddKeyedSingleton(name, static (provider, key) => new PostgresLeaseStore(
            Source(provider, key), OptionsOf(provider, key)));
        services.AddLeases<PostgresLeaseStore>(name);
        services.AddCatalog<PostgresEventStore>(name);
        services.AddKeyedSingleton(name, static (provider, key) => new PostgresLedgerStore(
            Source(provider, key), provider.GetKeyedService<IArchivedEvents>(key), OptionsOf(provider, key)));
        services.AddKeyedSingleton<ILedgerStore>(
            name, static (provider, key) => provider.GetRequiredKeyedService<PostgresLedgerStore>(key));
        services.AddKeyedSingleton<IParkedEventStore>(name, static (provider, key) => new PostgresParkedEventStore(
            Source(provider, key), OptionsOf(provider, key)));
        services.AddKeyedSingleton(name, static (provider, key) => new PostgresSchema(
            Source(provider, key), OptionsOf(provider, key)));
        services.AddSingleton<IHostedService>(provider => new PostgresUpkeep(
            Source(provider, name),
            OptionsOf(provider, name),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetService<ILoggerFactory>()));
        services.AddKeyedSingleton(name, static (provider, key) => new PostgresDoorbell(
            provider.GetRequiredKeyedService<PostgresEventStore>(key),
            Source(provider, key),
            OptionsOf(provider, key),
            provider.GetKeyedService<LiveFeed>(key),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetService<ILoggerFactory>()));
        services.AddSingleton<IHostedService>(provider => new DoorbellService(
            provider.GetRequiredKeyedService<PostgresDoorbell>(name), OptionsOf(provider, name)));
        if (name.Length == 0)
        {
            services.AddSingleton(provider => provider.GetRequiredKeyedService<PostgresEventStore>(name));
            services.AddSingleton(provider => provider.GetRequiredKeyedService<PostgresDoorbell>(name));
            services.AddSingleton(provider => provider.GetRequiredKeyedService<PostgresSchema>(name));
            services.AddSingleton(provider => provider.GetRequiredKeyedService<PostgresCheckpointStore>(name));
            services.AddSingleton(provider => provider.GetRequiredKeyedService<PostgresSnapshotStore>(name));
            services.AddSingleton(provider => provider.GetRequiredKeyedService<PostgresLeaseStore>(name));
            services.AddSingleton(provider => provider.GetRequiredKeyedService<IParkedEventStore>(name));
        }
    }

    private static NpgsqlDataSource Source(IServiceProvider provider, object? key) =>
        provider.GetRequiredKeyedService<StoreDataSource>(key).DataSource;

    private static PostgresOptions OptionsOf(IServiceProvider provider, object? key) =>
        provider.GetRequiredService<IOptionsMonitor<PostgresOptions>>().Get((string)key!);
}
