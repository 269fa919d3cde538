using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Sync.Tests;

/// <summary>Each event becomes part of the history once, and is told once, whatever the store or the application throws.</summary>
public sealed class DeliveryTests
{
    private readonly ManualTime _time = new(Some.Noon);
    private readonly List<Dot> _told = [];

    [Fact]
    public async Task A_write_that_the_store_kept_although_it_threw_is_a_write()
    {
        var store = new FailingReplicaStore(new InMemoryReplicaStore()) { StoresWhatFails = true };
        using var node = await OpenAsync(store);
        await node.WriteAsync(Some.Envelope());
        store.FailAfter = 0;

        var written = await node.WriteAsync(Some.Envelope());

        written.Event.Dot.Should().Be(new Dot(node.Self, 2));
        (await store.ReadHeadsAsync()).Should().ContainSingle().Which.Hash.Should().Be(written.Event.Hash);
        _told.Should().Equal(new Dot(node.Self, 1), new Dot(node.Self, 2));
    }

    [Fact]
    public async Task What_a_store_turns_out_to_have_kept_later_is_told_then_and_once()
    {
        var store = new FailingReplicaStore(new InMemoryReplicaStore()) { StoresWhatFails = true };
        using var node = await OpenAsync(store);
        (store.FailAfter, store.IsUnreadable) = (0, true);
        await Assert.ThrowsAsync<IOException>(() => node.WriteAsync(Some.Envelope()));
        _told.Should().BeEmpty("nobody knows yet");
        (store.FailAfter, store.IsUnreadable) = (int.MaxValue, false);

        await node.WriteAsync(Some.Envelope());

        _told.Should().Equal(new Dot(node.Self, 1), new Dot(node.Self, 2));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    public async Task Of_a_batch_that_failed_what_was_kept_is_told_and_the_rest_comes_later(int kept)
    {
        var store = new FailingReplicaStore(new InMemoryReplicaStore()) { StoresFirst = kept };
        using var peer = await OpenAsync(new InMemoryReplicaStore(), tells: false);
        using var node = await OpenAsync(store);
        await WriteAsync(peer, 20);
        store.FailAfter = 0;

        await Assert.ThrowsAsync<IOException>(() => MeetAsync(peer, node));
        _told.Should().Equal(Enumerable.Range(1, kept).Select(at => new Dot(peer.Self, at)));
        node.Clock[peer.Self].Should().Be(kept);

        store.FailAfter = int.MaxValue;
        await MeetAsync(peer, node);
        _told.Should().Equal(Enumerable.Range(1, 20).Select(at => new Dot(peer.Self, at)));
    }

    [Fact]
    public async Task A_session_whose_store_kept_what_it_threw_over_goes_on()
    {
        var store = new FailingReplicaStore(new InMemoryReplicaStore()) { StoresWhatFails = true };
        using var peer = await OpenAsync(new InMemoryReplicaStore(), tells: false);
        using var node = await OpenAsync(store);
        await WriteAsync(peer, 20);
        store.FailAfter = 0;

        (await MeetAsync(peer, node)).EventsSent.Should().Be(20, "they are durable, and confirmed");

        _told.Should().HaveCount(20).And.OnlyHaveUniqueItems();
    }

    [Fact]
    public async Task An_application_that_throws_loses_no_event_and_is_told_again_from_its_next_reading()
    {
        using var node = await OpenAsync(new InMemoryReplicaStore(), failsOver: 2);
        await WriteAsync(node, 1);

        (await node.WriteAsync(Some.Envelope())).Event.Dot.Sequence.Should().Be(2, "it is durable");

        node.DeliveryStopped!.Undelivered.Should().Contain("changed");
        var refused = await Assert.ThrowsAsync<DeliveryStoppedException>(() => node.WriteAsync(Some.Envelope()));
        refused.InnerException.Should().BeOfType<NotSupportedException>();
        node.Clock[node.Self].Should().Be(2, "the refused write left nothing behind");
        (await ReadAllAsync(node)).Should().Equal(new Dot(node.Self, 1), new Dot(node.Self, 2));

        node.DeliveryStopped.Should().BeNull();
        await node.WriteAsync(Some.Envelope());
        _told.Should().Equal(new Dot(node.Self, 1), new Dot(node.Self, 3));
    }

    [Fact]
    public async Task A_reading_that_is_broken_off_begins_nothing_again()
    {
        using var node = await OpenAsync(new InMemoryReplicaStore(), failsOver: 2);
        await WriteAsync(node, 2);

        await foreach (var first in node.ReadHistoryAsync())
        {
            first.Event.Dot.Sequence.Should().Be(1);
            node.DeliveryStopped.Should().NotBeNull("what was not told is not read yet");
            break;
        }

        node.DeliveryStopped.Should().NotBeNull();
        await Assert.ThrowsAsync<DeliveryStoppedException>(() => node.WriteAsync(Some.Envelope()));
    }

    [Fact]
    public async Task A_session_does_not_die_of_an_application_that_throws()
    {
        using var peer = await OpenAsync(new InMemoryReplicaStore(), tells: false);
        using var node = await OpenAsync(new InMemoryReplicaStore(), failsOver: 5);
        await WriteAsync(peer, 2_500);

        (await MeetAsync(peer, node)).EventsSent.Should().Be(2_500);

        _told.Should().HaveCount(4, "nothing is told behind the one that failed");
        node.DeliveryStopped.Should().NotBeNull();
        node.Clock.Should().Be(peer.Clock);
    }

    private Task<ReplicaNode> OpenAsync(IReplicaStore store, bool tells = true, int failsOver = 0) => ReplicaNode.OpenAsync(
        store,
        new ReplicaNodeOptions
        {
            Sync = SessionSide.Options(),
            OnDelivered = !tells ? null : delivered =>
            {
                if (delivered.Event.Dot.Sequence == failsOver)
                {
                    throw new NotSupportedException("The view does not know that.");
                }

                _told.Add(delivered.Event.Dot);
            },
        },
        _time);

    private static async Task WriteAsync(ReplicaNode node, int count)
    {
        for (var i = 0; i < count; i++)
        {
            await node.WriteAsync(Some.Envelope());
        }
    }

    private static async Task<List<Dot>> ReadAllAsync(ReplicaNode node)
    {
        var dots = new List<Dot>();
        await foreach (var delivered in node.ReadHistoryAsync())
        {
            dots.Add(delivered.Event.Dot);
        }

        return dots;
    }

    // What the answering side throws comes out of here.
    private static async Task<SyncReport> MeetAsync(ReplicaNode left, ReplicaNode right)
    {
        var (toRight, toLeft) = InMemorySyncTransport.CreatePair();
        var answering = right.SynchroniseAsync(toLeft, SyncRole.Responder);
        var outcome = await left.SynchroniseAsync(toRight, SyncRole.Initiator);
        (await answering).IsCompleted.Should().BeTrue(outcome.Detail);
        return outcome.Report!;
    }
}
