using K1s0.EventStore;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers the kinds of events that an application knows.</summary>
public static class SerializationRegistration
{
    /// <summary>
    /// Adds kinds of events, and the <see cref="EventSerializer"/> of them all as a singleton. Each part of an
    /// application may call it for its own events; contradictions are found when the application starts.
    /// </summary>
    /// <param name="builder">The builder.</param>
    /// <param name="configure">Adds types and upcasters.</param>
    /// <param name="storeName">The key of the store; empty for the one without a key.</param>
    public static IEventStoreBuilder AddEventTypes(
        this IEventStoreBuilder builder, Action<EventTypes> configure, string storeName = "")
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(configure);
        ArgumentNullException.ThrowIfNull(storeName);
        var services = builder.Services;
        var isFirst = !services.Any(
            service => service.ServiceType == typeof(EventSerializer) && Equals(service.ServiceKey, storeName));
        services.AddKeyedSingleton(storeName, new Part(configure));
        if (!isFirst)
        {
            return builder;
        }

        services.AddKeyedSingleton(storeName, static (provider, key) => Create(provider, key));
        services.AddSingleton<IHostedService>(
            provider => new Start(() => provider.GetRequiredKeyedService<EventSerializer>(storeName)));
        if (storeName.Length == 0)
        {
            services.TryAddSingleton(provider => provider.GetRequiredKeyedService<EventSerializer>(storeName));
        }

        return builder;
    }

    private static EventSerializer Create(IServiceProvider provider, object? key)
    {
        var types = new EventTypes();
        foreach (var part in provider.GetKeyedServices<Part>(key))
        {
            part.Configure(types);
        }

        return new EventSerializer(types, provider.GetRequiredService<TimeProvider>());
    }

    private sealed record Part(Action<EventTypes> Configure);

    // Makes the serialiser before anything is read or written, so that a contradiction ends the start.
    private sealed class Start(Action make) : IHostedLifecycleService
    {
        public Task StartingAsync(CancellationToken cancellationToken)
        {
            make();
            return Task.CompletedTask;
        }

        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
