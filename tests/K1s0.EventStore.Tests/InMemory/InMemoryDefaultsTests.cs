namespace K1s0.EventStore.Tests;

/// <summary>What the in-memory store does when nothing is handed to it.</summary>
public sealed class InMemoryDefaultsTests
{
    private static readonly StreamId Order = new("order", "1");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_store_made_of_nothing_has_the_default_limits()
    {
        var store = new InMemoryEventStore();
        EventEnvelope[] events =
            [.. Enumerable.Range(0, 1_001).Select(_ => EventEnvelope.Create(Order, "ItemAdded", "1"u8.ToArray()))];

        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            () => store.AppendAsync(Order, events, cancellationToken: Token));
        (await store.ExistsAsync(Order, Token)).Should().BeFalse();

        (await store.AppendAsync(Order, events[..1_000], cancellationToken: Token)).Version.Value.Should().Be(1_000);
    }

    [Fact]
    public async Task Positions_of_a_new_store_start_at_one()
    {
        var store = new InMemoryEventStore();
        (await store.GetSettledBoundAsync(Token)).Should().Be(Position.Start);

        var result = await store.AppendAsync(
            Order, [EventEnvelope.Create(Order, "ItemAdded", "1"u8.ToArray())], cancellationToken: Token);

        result.FirstPosition.Value.Should().Be(1);
        (await store.GetSettledBoundAsync(Token)).Value.Should().Be(1);
    }

    [Fact]
    public async Task Two_stores_are_two_stores()
    {
        var (one, two) = (new InMemoryEventStore(), new InMemoryEventStore());

        (await one.GetIdentityAsync(Token)).Should().NotBe(await two.GetIdentityAsync(Token));
    }

    [Fact]
    public async Task A_snapshot_store_made_of_nothing_keeps_a_snapshot()
    {
        var snapshots = new InMemorySnapshotStore();

        await snapshots.SaveAsync(Order, 1, "state", Token);

        (await snapshots.LoadLatestAsync<string>(Order, Token))!.State.Should().Be("state");
    }
}
