using System.Net;
using System.Net.Sockets;
using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Sync.Tests;

/// <summary>Stores that fail, peers that stall, sockets that break: nothing is lost, and the node goes on.</summary>
public sealed class FailureTests
{
    private readonly ManualTime _time = new(Some.Noon);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task After_a_write_that_failed_a_node_goes_on_where_its_store_is(bool storesWhatFails)
    {
        var store = new FailingReplicaStore(new InMemoryReplicaStore()) { StoresWhatFails = storesWhatFails };
        using var node = await OpenAsync(store);
        await node.WriteAsync(Some.Envelope());
        (store.FailAfter, store.IsUnreadable) = (0, true);
        await Assert.ThrowsAsync<IOException>(() => node.WriteAsync(Some.Envelope()));

        // The store could not even be read anew: the node must not go on from what it only believes to be stored.
        (await Assert.ThrowsAsync<IOException>(() => node.WriteAsync(Some.Envelope()))).Message.Should().Contain("gone");

        (store.FailAfter, store.IsUnreadable) = (int.MaxValue, false);
        var written = await node.WriteAsync(Some.Envelope());
        written.Event.Dot.Sequence.Should().Be(storesWhatFails ? 3 : 2, "offline, without anybody to confirm the log");
        (await store.ReadHeadsAsync()).Should().ContainSingle().Which.Hash.Should().Be(written.Event.Hash);
    }

    [Fact]
    public async Task A_peer_that_takes_no_frame_does_not_hold_the_session_for_ever()
    {
        using var node = await OpenAsync(new InMemoryReplicaStore());
        var transport = new StalledTransport();
        var session = node.SynchroniseAsync(transport, SyncRole.Initiator);
        await transport.IsSending.WaitAsync(TestContext.Current.CancellationToken);

        _time.Advance(TimeSpan.FromSeconds(31));

        (await session.WaitAsync(TimeSpan.FromSeconds(30))).Reason.Should().Be(SyncEndReason.TimedOut);
    }

    [Fact]
    public async Task A_wall_clock_that_is_set_back_gives_a_silent_caller_no_more_time()
    {
        var time = new RestingTime(_time);
        using var node = await OpenAsync(new InMemoryReplicaStore(), time);
        var (silent, toNode) = InMemorySyncTransport.CreatePair();
        var session = node.SynchroniseAsync(toNode, SyncRole.Responder);
        var patience = await time.NextRestAsync();

        time.SetBy = TimeSpan.FromDays(-1);
        _time.Advance(patience);

        (await session.WaitAsync(TimeSpan.FromSeconds(60))).Reason.Should().Be(SyncEndReason.TimedOut);
        await silent.DisposeAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_caller_that_breaks_off_does_not_end_the_listening(bool isOfTheListener)
    {
        using var left = await OpenAsync(new InMemoryReplicaStore());
        var time = new RestingTime(_time);
        using var right = await OpenAsync(new InMemoryReplicaStore(), time);
        await left.WriteAsync(Some.Envelope());
        var socket = new TcpListener(IPAddress.Loopback, 0);
        socket.Start();
        var failures = 0;
        await using var listener = new TcpSyncListener(right, socket, 1, onEnded: null, token =>
        {
            if (++failures > 1)
            {
                return socket.AcceptSocketAsync(token);
            }

            throw isOfTheListener
                ? new InvalidOperationException("It does not listen now.")
                : new SocketException((int)SocketError.ConnectionReset);
        });
        var calling = TcpSyncListener.ConnectAsync(listener.LocalEndPoint);
        _time.Advance(await time.NextRestAsync());

        (await left.SynchroniseAsync(await calling, SyncRole.Initiator)).IsCompleted.Should().BeTrue();
    }

    [Fact]
    public async Task What_a_transport_throws_ends_the_session()
    {
        using var node = await OpenAsync(new InMemoryReplicaStore());

        await Assert.ThrowsAsync<NotSupportedException>(
            () => node.SynchroniseAsync(new StalledTransport { Throws = true }, SyncRole.Responder));
    }

    [Fact]
    public async Task The_history_is_read_with_the_contexts_with_which_it_was_delivered()
    {
        var cluster = new Cluster(SeededRandom.Create(), 4);
        cluster.Run(500);
        cluster.HearAll();
        var store = new InMemoryReplicaStore();
        await store.AppendAsync(cluster.Histories[0]);
        var options = new SyncOptions { SharedKey = SessionSide.Key, BatchEvents = 7 };
        using var node = await ReplicaNode.OpenAsync(store, new ReplicaNodeOptions { Sync = options }, _time);

        var read = new List<DeliveredEvent>();
        await foreach (var delivered in node.ReadHistoryAsync())
        {
            delivered.Context.Entries.ToArray().All(cause => read.Exists(earlier => earlier.Event.Dot == cause))
                .Should().BeTrue("causes come first");
            read.Add(delivered);
        }

        read.OrderBy(one => one.Event, EventOrder.Instance).Select(one => (one.Event.Hash, one.Context)).Should().Equal(
            cluster.Histories[0].OrderBy(one => one.Event, EventOrder.Instance).Select(one => (one.Event.Hash, one.Context)));
    }

    private Task<ReplicaNode> OpenAsync(IReplicaStore store, TimeProvider? time = null) =>
        ReplicaNode.OpenAsync(store, new ReplicaNodeOptions { Sync = SessionSide.Options() }, time ?? _time);

    /// <summary>A connection to somebody who never reads and never writes.</summary>
    private sealed class StalledTransport : ISyncTransport
    {
        private readonly TaskCompletionSource _sending = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task IsSending => _sending.Task;

        public bool Throws { get; init; }

        public async ValueTask SendAsync(ReadOnlyMemory<byte> frame, CancellationToken cancellationToken = default)
        {
            _sending.TrySetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
        }

        public async ValueTask<ReadOnlyMemory<byte>?> ReceiveAsync(CancellationToken cancellationToken = default)
        {
            if (Throws)
            {
                throw new NotSupportedException("This transport is broken.");
            }

            await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
            return null;
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
