using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Tests;

public sealed class InMemorySubscriptionOwnershipTests : SubscriptionOwnershipSuite
{
    protected override Task<IConformanceStore> CreateStoreAsync(EventStoreOptions options, TimeProvider timeProvider) =>
        InMemoryConformanceStore.CreateAsync(options, timeProvider);
}
