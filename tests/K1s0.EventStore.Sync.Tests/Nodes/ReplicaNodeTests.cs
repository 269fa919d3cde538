using System.Net;
using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Sync.Tests;

public sealed class ReplicaNodeTests
{
    private readonly ManualTime _time = new(Some.Noon);

    [Fact]
    [Trait("Row", "S02")]
    public async Task Two_nodes_hold_the_same_after_one_session_in_memory()
    {
        using var left = await OpenAsync(new InMemoryReplicaStore());
        using var right = await OpenAsync(new InMemoryReplicaStore());
        await WriteAsync(left, 10);
        await WriteAsync(right, 10);

        var (toRight, toLeft) = InMemorySyncTransport.CreatePair();
        var answering = right.SynchroniseAsync(toLeft, SyncRole.Responder);
        var called = await left.SynchroniseAsync(toRight, SyncRole.Initiator);
        var answered = await answering;

        called.IsCompleted.Should().BeTrue(called.Detail);
        answered.IsCompleted.Should().BeTrue(answered.Detail);
        left.Clock.Should().Be(right.Clock);
        left.Clock.Count.Should().Be(2);
    }

    [Fact]
    [Trait("Row", "X10")]
    public async Task Two_nodes_that_both_have_much_to_send_do_not_block_each_other_over_tcp()
    {
        using var left = await OpenAsync(new InMemoryReplicaStore());
        using var right = await OpenAsync(new InMemoryReplicaStore());
        var payload = $"\"{new string('x', 700)}{Guid.CreateVersion7(Some.Noon)}\"";
        await WriteAsync(left, 4_000, payload);
        await WriteAsync(right, 4_000, payload);
        var ended = new TaskCompletionSource<SyncOutcome>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var listener = TcpSyncListener.Start(right, new IPEndPoint(IPAddress.Loopback, 0), onEnded: ended.SetResult);

        var outcome = await left.SynchroniseAsync(
            await TcpSyncListener.ConnectAsync(listener.LocalEndPoint), SyncRole.Initiator);

        outcome.IsCompleted.Should().BeTrue(outcome.Detail);
        (outcome.Report!.EventsSent, outcome.Report.EventsReceived).Should().Be((4_000, 4_000));
        (await ended.Task).IsCompleted.Should().BeTrue();
        left.Clock.Should().Be(right.Clock);
    }

    [Fact]
    public async Task Several_sessions_at_once_and_writes_meanwhile_end_with_the_same_for_all()
    {
        using var hub = await OpenAsync(new InMemoryReplicaStore());
        await using var listener = TcpSyncListener.Start(hub, new IPEndPoint(IPAddress.Loopback, 0), maxSessions: 3);
        var nodes = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => OpenAsync(new InMemoryReplicaStore())));
        await Task.WhenAll(nodes.Select(node => WriteAsync(node, 50)));

        await Task.WhenAll(nodes.Select(async node => await SynchroniseAsync(node, listener)).Append(WriteAsync(hub, 50)));
        await Task.WhenAll(nodes.Select(async node => await SynchroniseAsync(node, listener)));
        foreach (var node in nodes)
        {
            await SynchroniseAsync(node, listener);
            node.Clock.Should().Be(hub.Clock);
            node.Dispose();
        }

        hub.Clock.Entries.ToArray().Should().HaveCount(7).And.OnlyContain(dot => dot.Sequence == 50);
    }

    [Fact]
    public async Task A_listener_with_another_key_is_not_told_anything()
    {
        using var left = await OpenAsync(new InMemoryReplicaStore());
        using var right = await ReplicaNode.OpenAsync(
            new InMemoryReplicaStore(), new ReplicaNodeOptions { Sync = new SyncOptions { SharedKey = new byte[40] } }, _time);
        await WriteAsync(left, 3);
        await using var listener = TcpSyncListener.Start(right, new IPEndPoint(IPAddress.Loopback, 0));

        var outcome = await left.SynchroniseAsync(
            await TcpSyncListener.ConnectAsync(listener.LocalEndPoint), SyncRole.Initiator);

        outcome.Reason.Should().Be(SyncEndReason.NotAuthenticated);
        right.Clock.Should().Be(VectorClock.Empty);
    }

    [Fact]
    [Trait("PeerBug", "B35")]
    public async Task A_store_that_fails_in_the_middle_loses_nothing_and_confirms_nothing()
    {
        var store = new FailingReplicaStore(new InMemoryReplicaStore());
        using var left = await OpenAsync(new InMemoryReplicaStore());
        using var right = await OpenAsync(store);
        await WriteAsync(left, 2_500);
        await WriteAsync(right, 1);
        store.FailAfter = 1;
        var (toRight, toLeft) = InMemorySyncTransport.CreatePair();
        var calling = left.SynchroniseAsync(toRight, SyncRole.Initiator);

        await Assert.ThrowsAsync<IOException>(() => right.SynchroniseAsync(toLeft, SyncRole.Responder));
        (await calling).Reason.Should().Be(SyncEndReason.Disconnected);
        right.Clock[left.Self].Should().BeInRange(1, 2_499, "what was stored is known, and nothing else");
        right.Tail.Should().Be(TailStatus.Sound, "the process has seen its own log all the time");

        store.FailAfter = int.MaxValue;
        (toRight, toLeft) = InMemorySyncTransport.CreatePair();
        var answering = right.SynchroniseAsync(toLeft, SyncRole.Responder);
        await left.SynchroniseAsync(toRight, SyncRole.Initiator);
        await answering;
        right.Clock.Should().Be(left.Clock);
    }

    [Fact]
    public async Task A_write_that_fails_takes_no_place()
    {
        var store = new FailingReplicaStore(new InMemoryReplicaStore());
        using var node = await ReplicaNode.OpenAsync(store, Options(options => options.Replica.ContinueUnwitnessed = true), _time);
        await WriteAsync(node, 1);
        store.FailAfter = 0;
        await Assert.ThrowsAsync<IOException>(() => node.WriteAsync(Some.Envelope()));
        store.FailAfter = int.MaxValue;

        (await node.WriteAsync(Some.Envelope())).Event.Dot.Should().Be(new Dot(node.Self, 2));
    }

    [Fact]
    public async Task A_store_that_is_found_on_another_machine_goes_on_as_another_origin()
    {
        var store = new InMemoryReplicaStore();
        using var first = await ReplicaNode.OpenAsync(store, Options(options => options.Installation = "machine-a"), _time);
        await WriteAsync(first, 2);

        using var again = await ReplicaNode.OpenAsync(store, Options(options => options.Installation = "machine-a"), _time);
        (again.Self, again.CanWrite).Should().Be((first.Self, false), "a restored copy is not excluded yet");

        using var copy = await ReplicaNode.OpenAsync(store, Options(options => options.Installation = "machine-b"), _time);
        copy.Self.Replica.Should().Be(first.Self.Replica);
        copy.Self.Should().NotBe(first.Self);
        (await copy.WriteAsync(Some.Envelope())).Clock[first.Self].Should().Be(2);
    }

    [Fact]
    public async Task What_became_part_of_the_history_is_delivered_after_it_is_durable()
    {
        var (store, seen) = (new InMemoryReplicaStore(), new List<Dot>());
        using var left = await OpenAsync(new InMemoryReplicaStore());
        using var right = await ReplicaNode.OpenAsync(
            store, Options(options => options.OnDelivered = delivered => seen.Add(delivered.Event.Dot)), _time);
        await WriteAsync(left, 3);
        await WriteAsync(right, 1);

        var (toRight, toLeft) = InMemorySyncTransport.CreatePair();
        var answering = right.SynchroniseAsync(toLeft, SyncRole.Responder);
        await left.SynchroniseAsync(toRight, SyncRole.Initiator);
        await answering;

        seen.Should().Equal([new Dot(right.Self, 1), .. Enumerable.Range(1, 3).Select(n => new Dot(left.Self, n))]);
    }

    [Fact]
    public async Task An_event_that_some_store_would_refuse_is_refused_before_it_has_a_place()
    {
        using var node = await OpenAsync(new InMemoryReplicaStore());
        var deep = $"{new string('[', 63)}{new string(']', 63)}";
        foreach (var (envelope, reason) in new[]
        {
            (Some.Envelope(payload: "{"), InvalidEventReason.NotJson),
            (Some.Envelope(payload: deep), InvalidEventReason.NotJson),
            (Some.Envelope("bad\u0001"), InvalidEventReason.BadEventType),
            (Some.Envelope("\uD800"), InvalidEventReason.BadEventType),
            (Some.Envelope() with { Id = Guid.Empty }, InvalidEventReason.EmptyId),
            (Some.Envelope() with { SchemaVersion = 0 }, InvalidEventReason.BadSchemaVersion),
            (Some.Envelope() with { OccurredAt = default }, InvalidEventReason.BadTime),
            (Some.Envelope(payload: $"\"{new string('x', SyncOptions.MaxPayloadBytes)}\""), InvalidEventReason.TooLarge),
        })
        {
            (await Assert.ThrowsAsync<InvalidEventException>(() => node.WriteAsync(envelope))).Reason.Should().Be(reason);
        }

        node.Clock.Should().Be(VectorClock.Empty);
    }

    [Fact]
    public async Task Options_out_of_range_are_refused()
    {
        await Assert.ThrowsAsync<ArgumentException>(() => ReplicaNode.OpenAsync(new InMemoryReplicaStore(), new ReplicaNodeOptions()));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => ReplicaNode.OpenAsync(
            new InMemoryReplicaStore(), Options(options => options.Sync.WindowBytes = 1)));
    }

    private static ReplicaNodeOptions Options(Action<ReplicaNodeOptions>? change = null)
    {
        var options = new ReplicaNodeOptions { Sync = SessionSide.Options() };
        change?.Invoke(options);
        return options;
    }

    private Task<ReplicaNode> OpenAsync(IReplicaStore store) => ReplicaNode.OpenAsync(store, Options(), _time);

    private static async Task WriteAsync(ReplicaNode node, int count, string payload = "{}")
    {
        for (var i = 0; i < count; i++)
        {
            await node.WriteAsync(Some.Envelope(payload: payload));
        }
    }

    private static async Task SynchroniseAsync(ReplicaNode node, TcpSyncListener listener)
    {
        var outcome = await node.SynchroniseAsync(
            await TcpSyncListener.ConnectAsync(listener.LocalEndPoint), SyncRole.Initiator);
        outcome.IsCompleted.Should().BeTrue(outcome.Detail);
    }
}
