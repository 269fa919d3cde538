using NSubstitute;
using NSubstitute.ExceptionExtensions;

namespace K1s0.EventStore.Contract.Tests;

/// <summary>The interfaces can be substituted, so that a service is tested without any store.</summary>
[Trait("Row", "K08")]
public sealed class SubstituteTests
{
    private readonly IEventStore _store = Substitute.For<IEventStore>();
    private readonly ISnapshotStore _snapshots = Substitute.For<ISnapshotStore>();
    private readonly StreamId _streamId = new("order", "1");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Calls_of_the_store_are_received_with_their_arguments()
    {
        _store.ExistsAsync(_streamId, Arg.Any<CancellationToken>()).Returns(false);

        Assert.True(await new OrderService(_store, _snapshots).PlaceAsync("1", Token));

        await _store.Received(1).AppendAsync(
            _streamId,
            Arg.Is<IEnumerable<EventEnvelope>>(events => events.Single().EventType == "ItemAdded"),
            0,
            Token);
    }

    [Fact]
    public async Task Answers_of_the_store_are_what_the_test_says()
    {
        _store.ExistsAsync(_streamId, Arg.Any<CancellationToken>()).Returns(true);

        Assert.False(await new OrderService(_store, _snapshots).PlaceAsync("1", Token));

        await _store.DidNotReceiveWithAnyArgs().AppendAsync(null!, null!, null, Token);
    }

    [Fact]
    public async Task A_snapshot_and_the_events_behind_it_can_be_substituted()
    {
        var order = new Order("1");
        order.AddItem("pen", 1m);
        _snapshots.LoadLatestAsync<OrderState>(_streamId, Arg.Any<CancellationToken>())
            .Returns(new Snapshot<OrderState>(_streamId, 4, new OrderState(10m, false), DateTimeOffset.UnixEpoch));
        _store.LoadAsync(_streamId, 5, null, Arg.Any<CancellationToken>())
            .Returns([order.Changes[0] with { Version = 5 }]);

        await new OrderService(_store, _snapshots).ShipAsync("1", Token);

        await _store.Received(1).AppendAsync(_streamId, Arg.Any<IEnumerable<EventEnvelope>>(), 5, Token);
        await _snapshots.Received(1).SaveAsync(_streamId, 6, new OrderState(11m, true), Token);
    }

    [Fact]
    public async Task A_conflict_can_be_substituted()
    {
        _store.LoadAsync(_streamId, cancellationToken: Arg.Any<CancellationToken>()).ReturnsForAnyArgs([]);
        _store.AppendAsync(_streamId, [], 0, Arg.Any<CancellationToken>())
            .ThrowsAsyncForAnyArgs(new ConcurrencyException(0, 1));

        var conflict = await Assert.ThrowsAsync<ConcurrencyException>(
            () => new OrderService(_store, _snapshots).ShipAsync("1", Token));

        Assert.Equal((0L, 1L), (conflict.ExpectedVersion, conflict.ActualVersion));
        await _snapshots.DidNotReceiveWithAnyArgs().SaveAsync<OrderState>(null!, 0, null!, Token);
    }
}
