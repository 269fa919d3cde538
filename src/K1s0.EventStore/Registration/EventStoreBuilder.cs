using Microsoft.Extensions.DependencyInjection;

namespace K1s0.EventStore;

internal sealed record EventStoreBuilder(IServiceCollection Services) : IEventStoreBuilder;
