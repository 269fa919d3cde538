using K1s0.EventStore;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers the ledger of a store.</summary>
public static class LedgerEventStoreBuilderExtensions
{
    /// <summary>
    /// Seals the events of a store into a Merkle log, signs its heads and publishes them, as a hosted service. Injects
    /// <see cref="LedgerProofs"/> and, keyed by the store's name, <see cref="LedgerHealthCheck"/>. Calling it again
    /// only adds to the options.
    /// </summary>
    /// <param name="builder">The builder, on which a backend that keeps a log is chosen.</param>
    /// <param name="configure">Sets origin and signers at least; validated when the application starts.</param>
    /// <param name="name">The key of the store; empty for the one without a key.</param>
    public static IEventStoreBuilder AddLedger(
        this IEventStoreBuilder builder, Action<LedgerOptions> configure, string name = "")
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(configure);
        ArgumentNullException.ThrowIfNull(name);
        var services = builder.Services;
        services.Configure(name, configure);
        if (services.Any(service => service.IsKeyedService
            && service.ServiceType == typeof(LedgerService) && name.Equals(service.ServiceKey)))
        {
            return builder;
        }

        services.AddOptions<LedgerOptions>(name).ValidateOnStart();
        services.TryAddEnumerable(
            ServiceDescriptor.Singleton<IValidateOptions<LedgerOptions>, LedgerOptionsValidator>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<LedgerOptions>, LedgerOptionsRules>());
        services.AddKeyedSingleton(name, static (provider, key) => new LedgerService(
            Ledger(provider, key),
            provider.GetRequiredKeyedService<ILeaseStore>(key),
            OptionsOf(provider, key),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetService<ILoggerFactory>()));
        services.AddSingleton<IHostedService>(
            provider => provider.GetRequiredKeyedService<LedgerService>(name));
        services.AddKeyedSingleton(name, static (provider, key) => new LedgerHealthCheck(
            Ledger(provider, key),
            OptionsOf(provider, key),
            provider.GetRequiredKeyedService<LedgerService>(key)));
        services.AddKeyedSingleton(name, static (provider, key) => new LedgerProofs(Ledger(provider, key)));
        if (name.Length == 0)
        {
            services.AddSingleton(provider => provider.GetRequiredKeyedService<LedgerProofs>(name));
        }

        return builder;
    }

    private static ILedgerStore Ledger(IServiceProvider provider, object? key) =>
        provider.GetKeyedService<ILedgerStore>(key)
        ?? throw new InvalidOperationException(
            $"The event store \"{key}\" has no backend that keeps a log: choose one, such as UsePostgres().");

    private static LedgerOptions OptionsOf(IServiceProvider provider, object? key) =>
        provider.GetRequiredService<IOptionsMonitor<LedgerOptions>>().Get((string)key!);
}
