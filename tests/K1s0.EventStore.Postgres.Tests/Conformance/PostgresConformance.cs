using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Postgres.Tests.Conformance;

public sealed class PostgresAppending(PostgresFixture fixture) : AppendingSuite
{
    protected override Task<IConformanceStore> CreateStoreAsync(EventStoreOptions options, TimeProvider timeProvider) =>
        Task.FromResult<IConformanceStore>(new PostgresUnderTest(fixture.DataSource, options, timeProvider));
}
