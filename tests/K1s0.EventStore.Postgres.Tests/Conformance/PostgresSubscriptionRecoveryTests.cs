using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Postgres.Tests.Conformance;

public sealed class PostgresSubscriptionRecoveryTests(PostgresFixture fixture) : SubscriptionRecoverySuite
{
    protected override Task<IConformanceStore> CreateStoreAsync(EventStoreOptions options, TimeProvider timeProvider) =>
        fixture.OpenStoreAsync(options, timeProvider);
}
