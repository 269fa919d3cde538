using Microsoft.Extensions.DependencyInjection;

namespace K1s0.EventStore;

/// <summary>What <c>AddEventStore()</c> returns: packages add their verbs to it.</summary>
public interface IEventStoreBuilder
{
    /// <summary>The services of the application.</summary>
    IServiceCollection Services { get; }
}
