using K1s0.EventStore;
using K1s0.EventStore.Sqlite;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers event stores in SQLite files.</summary>
public static class SqliteEventStoreBuilderExtensions
{
    /// <summary>Uses an SQLite file; it is made when it does not exist. Calling it again is harmless.</summary>
    /// <param name="builder">The builder.</param>
    /// <param name="filePath">The file; its folder must exist. Wins over the environment.</param>
    /// <param name="name">The key of the store; empty for the one without a key.</param>
    /// <exception cref="InvalidOperationException">Another backend is registered under this name.</exception>
    public static IEventStoreBuilder UseSqlite(this IEventStoreBuilder builder, string filePath, string name = "")
    {
        ArgumentException.ThrowIfNullOrEmpty(filePath);
        return UseSqlite(builder, options => options.FilePath = filePath, name);
    }

    /// <summary>
    /// Uses an SQLite file. Options come from the environment (see <see cref="SqliteEnvironment"/>), then from
    /// <paramref name="configure"/>, and are validated when the application starts. Calling it again is harmless.
    /// </summary>
    /// <param name="builder">The builder.</param>
    /// <param name="configure">Sets options; wins over the environment.</param>
    /// <param name="name">The key of the store, a file for each name; empty for the one without a key.</param>
    /// <exception cref="InvalidOperationException">Another backend is registered under this name.</exception>
    public static IEventStoreBuilder UseSqlite(
        this IEventStoreBuilder builder, Action<SqliteOptions>? configure = null, string name = "")
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(name);
        var services = builder.Services;
        if (services.AddStore<TracedSqliteEventStore, SqliteSnapshotStore, SqliteCheckpointStore>(name))
        {
            services.AddOptions<SqliteOptions>(name)
                .Configure(static options => SqliteEnvironment.Apply(options, Environment.GetEnvironmentVariable))
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
    /// Uses an SQLite file with options from configuration: the members of <see cref="SqliteOptions"/> by their names,
    /// for example <c>EventStore:FilePath</c> in the section <c>EventStore</c>.
    /// </summary>
    /// <param name="builder">The builder.</param>
    /// <param name="section">The section; its values win over the environment.</param>
    /// <param name="name">The key of the store; empty for the one without a key.</param>
    /// <exception cref="InvalidOperationException">Another backend is registered under this name.</exception>
    public static IEventStoreBuilder UseSqlite(
        this IEventStoreBuilder builder, IConfiguration section, string name = "")
    {
        ArgumentNullException.ThrowIfNull(section);
        return UseSqlite(builder, options => SqliteConfiguration.Apply(options, section), name);
    }

    private static void AddServices(IServiceCollection services, string name)
    {
        services.TryAddEnumerable(
            ServiceDescriptor.Singleton<IValidateOptions<SqliteOptions>, SqliteOptionsValidator>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<SqliteOptions>, SqliteOptionsRules>());
        services.AddKeyedSingleton(name, static (provider, key) => new SqliteStoreFile(
            provider.GetRequiredService<IOptionsMonitor<SqliteOptions>>().Get((string)key!),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetService<ILoggerFactory>()));
        services.AddKeyedSingleton(name, static (provider, key) => new SqliteEventStore(
            File(provider, key), Limits(provider)));
        services.AddKeyedSingleton(name, static (provider, key) => new TracedSqliteEventStore(
            provider.GetRequiredKeyedService<SqliteEventStore>(key), (string)key!));
        services.AddKeyedSingleton(name, static (provider, key) => new SqliteSnapshotStore(
            File(provider, key), Limits(provider)));
        services.AddKeyedSingleton(name, static (provider, key) => new SqliteCheckpointStore(File(provider, key)));
        services.AddCatalog<SqliteEventStore>(name);
        services.AddSingleton<IHostedService>(provider => new SqliteStart(File(provider, name)));
        if (name.Length == 0)
        {
            services.AddSingleton(provider => provider.GetRequiredKeyedService<SqliteStoreFile>(name));
            services.AddSingleton(provider => provider.GetRequiredKeyedService<SqliteEventStore>(name));
            services.AddSingleton(provider => provider.GetRequiredKeyedService<SqliteSnapshotStore>(name));
            services.AddSingleton(provider => provider.GetRequiredKeyedService<SqliteCheckpointStore>(name));
        }
    }

    private static SqliteStoreFile File(IServiceProvider provider, object? key) =>
        provider.GetRequiredKeyedService<SqliteStoreFile>(key);

    private static EventStoreOptions Limits(IServiceProvider provider) =>
        provider.GetRequiredService<IOptions<EventStoreOptions>>().Value;
}
