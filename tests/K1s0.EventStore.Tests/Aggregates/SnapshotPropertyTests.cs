using K1s0.EventStore.Conformance.Accounts;

namespace K1s0.EventStore.Tests.Aggregates;

public sealed class SnapshotPropertyTests
{
    [Fact]
    [Trait("Row", "I06")]
    public async Task With_and_without_snapshots_a_stream_has_the_same_state()
    {
        var options = new EventStoreOptions { SerializerOptions = AccountJson.Default.Options };
        await using var store = await InMemoryConformanceStore.CreateAsync(options, TimeProvider.System);

        SnapshotScenarios.Check(store, scenarios: 300);
    }
}
