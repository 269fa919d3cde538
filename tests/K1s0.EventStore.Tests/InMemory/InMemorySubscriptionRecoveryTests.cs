using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Tests;

public sealed class InMemorySubscriptionRecoveryTests : SubscriptionRecoverySuite
{
    protected override Task<IConformanceStore> CreateStoreAsync(EventStoreOptions options, TimeProvider timeProvider) =>
        InMemoryConformanceStore.CreateAsync(options, timeProvider);
}
