using K1s0.EventStore;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers the scheduled verification of a store.</summary>
public static class VerificationEventStoreBuilderExtensions
{
    /// <summary>
    /// Verifies a store again and again, as a hosted service, against the published head where the store has a ledger.
    /// Injects <see cref="StoreVerifier"/> and <see cref="StoreVerificationHealthCheck"/>, keyed by the store's name,
    /// and without a key when that is empty. Calling it again only adds to the options.
    /// </summary>
    /// <remarks>Every process that registers it verifies the whole store: do so in one.</remarks>
    /// <param name="builder">The builder, on which a backend is chosen.</param>
    /// <param name="configure">Sets options; validated when the application starts.</param>
    /// <param name="name">The key of the store; empty for the one without a key.</param>
    public static IEventStoreBuilder AddVerification(
        this IEventStoreBuilder builder, Action<StoreVerificationOptions>? configure = null, string name = "")
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(name);
        var services = builder.Services;
        if (configure is not null)
        {
            services.Configure(name, configure);
        }

        if (services.Any(service => service.IsKeyedService
            && service.ServiceType == typeof(StoreVerificationService) && name.Equals(service.ServiceKey)))
        {
            return builder;
        }

        services.AddOptions<StoreVerificationOptions>(name).ValidateOnStart();
        services.TryAddEnumerable(
            ServiceDescriptor.Singleton<IValidateOptions<StoreVerificationOptions>, StoreVerificationOptionsRules>());
        services.AddKeyedSingleton(name, static (provider, key) => new StoreVerifier(
            Roles(provider, key), Options(provider, key).Verifier, provider.GetRequiredService<TimeProvider>()));
        services.AddKeyedSingleton(name, static (provider, key) => new StoreVerificationService(
            (string)key!,
            Roles(provider, key),
            Options(provider, key),
            Options(provider, key).Scope ?? (token => KnownAsync(provider, key, token)),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetService<ILoggerFactory>()));
        services.AddSingleton<IHostedService>(
            provider => provider.GetRequiredKeyedService<StoreVerificationService>(name));
        services.AddKeyedSingleton(name, static (provider, key) => new StoreVerificationHealthCheck(
            provider.GetRequiredKeyedService<StoreVerificationService>(key)));
        if (name.Length == 0)
        {
            services.AddSingleton(provider => provider.GetRequiredKeyedService<StoreVerifier>(name));
            services.AddSingleton(provider => provider.GetRequiredKeyedService<StoreVerificationHealthCheck>(name));
        }

        return builder;
    }

    private static StoreVerificationOptions Options(IServiceProvider provider, object? key) =>
        provider.GetRequiredService<IOptionsMonitor<StoreVerificationOptions>>().Get((string)key!);

    // A backend keeps a log even where no ledger is asked for: it is compared only where one is.
    private static VerifiedRoles Roles(IServiceProvider provider, object? key) => new(
        provider.GetRequiredKeyedService<IFeedReader>(key),
        provider.GetRequiredKeyedService<IStreamReader>(key),
        provider.GetRequiredKeyedService<IEventStore>(key),
        provider.GetKeyedService<IStreamCatalog>(key),
        provider.GetKeyedService<LedgerService>(key) is null ? null : provider.GetKeyedService<ILedgerStore>(key));

    private static async Task<VerificationScope> KnownAsync(
        IServiceProvider provider, object? key, CancellationToken cancellationToken)
    {
        if (provider.GetKeyedService<LedgerService>(key) is null)
        {
            return new VerificationScope();
        }

        var options = provider.GetRequiredService<IOptionsMonitor<LedgerOptions>>().Get((string)key!);
        var ledger = provider.GetRequiredKeyedService<ILedgerStore>(key);
        return new VerificationScope
        {
            Keys = options.Keys(),
            KnownHead = options.PublishTo is null
                ? null
                : await new LogPublisher(ledger, options).ReadHeadAsync(cancellationToken).ConfigureAwait(false),
        };
    }
}
