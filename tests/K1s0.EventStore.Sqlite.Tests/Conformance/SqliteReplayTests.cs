using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Sqlite.Tests.Conformance;

public sealed class SqliteReplayTests : ReplaySuite
{
    protected override Task<IConformanceStore> CreateStoreAsync(EventStoreOptions options, TimeProvider timeProvider) =>
        SqliteUnderTest.CreateAsync(options, timeProvider);
}
