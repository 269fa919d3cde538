using K1s0.EventStore;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers aggregates, as singletons. They need <c>AddEventTypes</c>, and a store of any kind.</summary>
public static class AggregateRegistration
{
    /// <summary>Adds a decider: <see cref="CommandHandler{TState, TCommand, TEvent}"/> handles its commands.</summary>
    /// <typeparam name="TState">The state.</typeparam>
    /// <typeparam name="TCommand">What all commands have in common.</typeparam>
    /// <typeparam name="TEvent">What all events have in common.</typeparam>
    /// <param name="builder">The builder.</param>
    /// <param name="decider">The aggregate.</param>
    /// <param name="configure">Sets options; validated when the application starts.</param>
    /// <param name="storeName">The key of the store; empty for the one without a key.</param>
    public static IEventStoreBuilder AddDecider<TState, TCommand, TEvent>(
        this IEventStoreBuilder builder,
        IDecider<TState, TCommand, TEvent> decider,
        Action<AggregateOptions<TState>>? configure = null,
        string storeName = "")
        where TEvent : notnull
    {
        ArgumentNullException.ThrowIfNull(decider);
        builder.AddState(decider, configure, storeName);
        AddSingleton(builder.Services, storeName, provider => new CommandHandler<TState, TCommand, TEvent>(
            decider, provider.GetRequiredKeyedService<AggregateStore<TState, TEvent>>(storeName)));
        return builder;
    }

    /// <summary>Adds a class: <see cref="AggregateRepository{TAggregate, TEvent}"/> loads and saves it.</summary>
    /// <typeparam name="TAggregate">The aggregate.</typeparam>
    /// <typeparam name="TEvent">What all of its events have in common.</typeparam>
    /// <param name="builder">The builder.</param>
    /// <param name="create">Makes an aggregate to which nothing has happened.</param>
    /// <param name="configure">Sets options; validated when the application starts.</param>
    /// <param name="storeName">The key of the store; empty for the one without a key.</param>
    public static IEventStoreBuilder AddAggregate<TAggregate, TEvent>(
        this IEventStoreBuilder builder,
        Func<TAggregate> create,
        Action<AggregateOptions<TAggregate>>? configure = null,
        string storeName = "")
        where TAggregate : IAggregate<TEvent>
        where TEvent : notnull
    {
        builder.AddState(StateFold.OfClass<TAggregate, TEvent>(create), configure, storeName);
        AddSingleton(builder.Services, storeName, provider => new AggregateRepository<TAggregate, TEvent>(
            provider.GetRequiredKeyedService<AggregateStore<TAggregate, TEvent>>(storeName)));
        return builder;
    }

    /// <summary>Adds a state to read: <see cref="AggregateStore{TState, TEvent}"/> loads it.</summary>
    /// <typeparam name="TState">The state.</typeparam>
    /// <typeparam name="TEvent">What all of its events have in common.</typeparam>
    /// <param name="builder">The builder.</param>
    /// <param name="fold">How events add up to the state.</param>
    /// <param name="configure">Sets options; validated when the application starts.</param>
    /// <param name="storeName">The key of the store; empty for the one without a key.</param>
    public static IEventStoreBuilder AddState<TState, TEvent>(
        this IEventStoreBuilder builder,
        IStateFold<TState, TEvent> fold,
        Action<AggregateOptions<TState>>? configure = null,
        string storeName = "")
        where TEvent : notnull
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(fold);
        ArgumentNullException.ThrowIfNull(storeName);
        var services = builder.Services;
        var options = services.AddOptions<AggregateOptions<TState>>(storeName).ValidateOnStart();
        if (configure is not null)
        {
            options.Configure(configure);
        }

        services.TryAddEnumerable(
            ServiceDescriptor.Singleton<IValidateOptions<AggregateOptions<TState>>, AggregateOptionsRules<TState>>());
        AddSingleton(services, storeName, provider => new AggregateStore<TState, TEvent>(
            fold,
            provider.GetRequiredKeyedService<IEventStore>(storeName),
            provider.GetRequiredKeyedService<EventSerializer>(storeName),
            provider.GetRequiredService<IOptionsMonitor<AggregateOptions<TState>>>().Get(storeName),
            provider.GetRequiredService<TimeProvider>()));
        return builder;
    }

    private static void AddSingleton<TService>(
        IServiceCollection services, string storeName, Func<IServiceProvider, TService> create)
        where TService : class
    {
        services.TryAddKeyedSingleton(storeName, (provider, _) => create(provider));
        if (storeName.Length == 0)
        {
            services.TryAddSingleton(provider => provider.GetRequiredKeyedService<TService>(storeName));
        }
    }
}
