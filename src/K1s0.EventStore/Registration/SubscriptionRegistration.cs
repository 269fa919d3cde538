using System.Diagnostics.CodeAnalysis;
using K1s0.EventStore;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers subscriptions, which run as long as the application runs.</summary>
public static class SubscriptionRegistration
{
    /// <summary>
    /// Adds a subscription. The handler is a singleton: made once by the container, unless it is registered already.
    /// Calling it again for the same name is harmless.
    /// </summary>
    /// <typeparam name="THandler">What to do with an event.</typeparam>
    /// <param name="builder">The builder.</param>
    /// <param name="name">
    /// The name, under which the checkpoint is kept, and the key of the <see cref="Subscription"/>.
    /// </param>
    /// <param name="configure">Sets options; validated when the application starts.</param>
    /// <param name="storeName">The key of the store; empty for the one without a key.</param>
    /// <exception cref="ArgumentException">The name is refused.</exception>
    public static IEventStoreBuilder AddSubscription<
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] THandler>(
        this IEventStoreBuilder builder,
        string name,
        Action<SubscriptionOptions>? configure = null,
        string storeName = "")
        where THandler : class, ISubscriptionHandler
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.TryAddSingleton<THandler>();
        return builder.AddSubscription(name, configure, storeName, static (provider, parts) => new Subscription(
            parts.Name,
            provider.GetRequiredService<THandler>(),
            parts.Live,
            parts.Checkpoints,
            parts.Options,
            parts.Parked,
            parts.TimeProvider,
            provider.GetService<ILoggerFactory>(),
            parts.Leases));
    }

    /// <summary>Adds a subscription that a backend makes, around a handler of its own kind.</summary>
    /// <param name="builder">The builder.</param>
    /// <param name="name">The name of the subscription.</param>
    /// <param name="configure">Sets options; validated when the application starts.</param>
    /// <param name="storeName">The key of the store; empty for the one without a key.</param>
    /// <param name="create">Makes the subscription of what the container holds.</param>
    /// <exception cref="ArgumentException">The name is refused.</exception>
    public static IEventStoreBuilder AddSubscription(
        this IEventStoreBuilder builder,
        string name,
        Action<SubscriptionOptions>? configure,
        string storeName,
        Func<IServiceProvider, RegisteredSubscription, Subscription> create)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(storeName);
        ArgumentNullException.ThrowIfNull(create);
        ConsumerName.Check(name, nameof(name));
        var services = builder.Services;
        var options = services.AddOptions<SubscriptionOptions>(OptionsName(storeName, name)).ValidateOnStart();
        if (configure is not null)
        {
            options.Configure(configure);
        }

        var marker = new Registered(storeName, name);
        if (services.Any(service => !service.IsKeyedService && marker.Equals(service.ImplementationInstance)))
        {
            return builder;
        }

        services.AddSingleton(marker);
        services.TryAddEnumerable(
            ServiceDescriptor.Singleton<IValidateOptions<SubscriptionOptions>, SubscriptionOptionsValidator>());
        services.TryAddEnumerable(
            ServiceDescriptor.Singleton<IValidateOptions<SubscriptionOptions>, SubscriptionOptionsRules>());
        services.TryAddKeyedSingleton(storeName, static (provider, store) => new LiveFeed(
            provider.GetRequiredKeyedService<IFeedReader>(store),
            provider.GetRequiredService<IOptionsMonitor<LiveFeedOptions>>().Get((string)store!),
            provider.GetRequiredService<TimeProvider>()));
        services.TryAddKeyedSingleton(storeName, static (provider, store) => new SubscriptionLeases(
            provider.GetRequiredKeyedService<ILeaseStore>(store)));
        if (storeName.Length == 0)
        {
            services.TryAddSingleton(provider => provider.GetRequiredKeyedService<LiveFeed>(storeName));
        }

        var key = OptionsName(storeName, name);
        services.AddKeyedSingleton(key, (provider, _) => create(provider, Find(provider, storeName, name)));
        services.AddSingleton(provider => provider.GetRequiredKeyedService<Subscription>(key));
        services.AddSingleton<IHostedService>(
            provider => new SubscriptionService(provider.GetRequiredKeyedService<Subscription>(key)));
        return builder;
    }

    private static RegisteredSubscription Find(IServiceProvider provider, string storeName, string name) => new(
        name,
        storeName,
        provider.GetRequiredKeyedService<LiveFeed>(storeName),
        provider.GetRequiredKeyedService<ICheckpointStore>(storeName),
        provider.GetKeyedService<IParkedEventStore>(storeName),
        provider.GetRequiredService<IOptionsMonitor<SubscriptionOptions>>().Get(OptionsName(storeName, name)),
        provider.GetRequiredService<TimeProvider>(),
        provider.GetKeyedService<ILeaseStore>(storeName) is null
            ? null
            : provider.GetRequiredKeyedService<SubscriptionLeases>(storeName));

    private static string OptionsName(string storeName, string name) =>
        storeName.Length == 0 ? name : $"{storeName}/{name}";

    private sealed record Registered(string Store, string Name);
}
