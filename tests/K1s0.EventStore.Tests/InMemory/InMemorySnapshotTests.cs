using System.Text.Json;
using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Tests;

public sealed class InMemorySnapshotTests : SnapshotSuite
{
    protected override Task<IConformanceStore> CreateStoreAsync(EventStoreOptions options, TimeProvider timeProvider) =>
        InMemoryConformanceStore.CreateAsync(options, timeProvider);

    [Fact]
    public async Task A_state_that_is_no_longer_of_its_type_ends_the_task_and_throws_nothing_before()
    {
        var snapshots = new InMemorySnapshotStore();
        var stream = new StreamId("order", "1");
        await snapshots.SaveAsync(stream, 1, "a text", TestContext.Current.CancellationToken);

        var loading = snapshots.LoadLatestAsync<OrderPlaced>(stream, TestContext.Current.CancellationToken);

        await Assert.ThrowsAsync<JsonException>(() => loading);
    }
}
