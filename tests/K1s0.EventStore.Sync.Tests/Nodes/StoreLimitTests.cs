using K1s0.EventStore.Conformance;
using K1s0.EventStore.Sqlite;

namespace K1s0.EventStore.Sync.Tests;

/// <summary>What a store does not take must not stop a replica, nor those that talk with it.</summary>
public sealed class StoreLimitTests : IDisposable
{
    private readonly ManualTime _time = new(Some.Noon);
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("k1s0-limits-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_replica_that_knows_of_two_thousand_lives_goes_on_in_another(bool isFile)
    {
        await using var file = isFile
            ? new SqliteStoreFile(new SqliteOptions { FilePath = Path.Combine(_folder.FullName, "lives.db") })
            : null;
        IEventStore events = file is null ? new InMemoryEventStore(timeProvider: _time) : new SqliteEventStore(file);
        var lives = Enumerable.Range(1, 2_000).Select(number =>
        {
            // A later life, whose incarnation is drawn: as long as they come.
            var replica = Some.NewReplica(number);
            replica.BeginIncarnation();
            return replica.Write(Some.Envelope());
        }).ToArray();
        await new EventStoreReplicaStore(events, _time).AppendAsync(lives);
        using var node = await OpenAsync(new EventStoreReplicaStore(events, _time), "here");

        // A payload with white space around it, so that its bytes have to survive the clocks beside it.
        var first = await node.WriteAsync(Some.Envelope(payload: " {\"a\" : 1.0 } "));
        await node.WriteAsync(Some.Envelope());

        first.Context.Count.Should().Be(2_000);
        var store = new EventStoreReplicaStore(events, _time);
        var head = (await store.ReadHeadsAsync()).Single(one => one.Last.Origin == node.Self);
        (head.Last.Sequence, head.Context).Should().Be((2, first.Context));
        using var elsewhere = await OpenAsync(new EventStoreReplicaStore(events, _time), "there");
        (await elsewhere.WriteAsync(Some.Envelope())).Context.Count.Should().Be(2_001, "and in another, and in another");
        var read = await store.ReadAsync(VectorClock.Empty, VectorClock.Of(head.Last), 10, int.MaxValue);
        read.Should().HaveCount(2);
        read[0].Hash.Should().Be(first.Event.Hash);
        read[0].Envelope.PayloadUtf8.ToArray().Should().Equal(first.Event.Envelope.PayloadUtf8.ToArray());
    }

    [Fact]
    public async Task A_store_that_would_not_take_what_may_be_named_says_so_when_it_is_opened()
    {
        var events = new InMemoryEventStore(new EventStoreOptions { MaxPayloadBytes = 64 * 1024 }, _time);

        var refused = await Assert.ThrowsAsync<ArgumentException>(
            () => OpenAsync(new EventStoreReplicaStore(events, _time), "here"));
        using var node = await OpenAsync(new EventStoreReplicaStore(events, _time), "here", maxOrigins: 500);

        refused.Message.Should().Contain("4096 origins").And.Contain("MaxOrigins");
        refused.InnerException.Should().BeOfType<InvalidEventException>();
        node.CanWrite.Should().BeTrue();
    }

    [Theory]
    [InlineData(1_000)]
    [InlineData(2)]
    public async Task An_event_that_a_store_refuses_holds_up_its_own_log_and_what_builds_on_it(int batch)
    {
        var events = new InMemoryEventStore(new EventStoreOptions { MaxPayloadBytes = 64 * 1024 }, _time);
        var told = new List<Dot>();
        using var small = await OpenAsync(new EventStoreReplicaStore(events, _time), "here", 100, batch, told);
        using var hub = await OpenAsync(new InMemoryReplicaStore(), "hub", batch: batch);
        using var one = await OpenAsync(new InMemoryReplicaStore(), "one", batch: batch);
        using var other = await OpenAsync(new InMemoryReplicaStore(), "other", batch: batch);
        await other.WriteAsync(Some.Envelope());
        await one.WriteAsync(Some.Envelope());
        await one.WriteAsync(Some.Envelope(payload: $"\"{new string('x', 100_000)}\""));
        await one.WriteAsync(Some.Envelope());
        await other.WriteAsync(Some.Envelope());
        await MeetAsync(one, hub);
        await MeetAsync(other, hub);
        await hub.WriteAsync(Some.Envelope());

        for (var round = 0; round < 2; round++)
        {
            var (sent, received) = await MeetAsync(hub, small);

            received.EventsRefused.Keys.Should().Contain(Admission.RefusedByStore);
            (sent.EventsSent + received.EventsReceived).Should().Be(round == 0 ? 6 : 0, "what was taken is confirmed");
            (sent.Checkpoint, received.Checkpoint).Should().Be((null, null));
            received.Lacking.Should().BeEquivalentTo([one.Self, hub.Self], "that one builds on it");
            small.Clock.Should().Be(VectorClock.Of(new Dot(one.Self, 1), new Dot(other.Self, 2)));
        }

        told.Should().BeEquivalentTo([new Dot(one.Self, 1), new Dot(other.Self, 1), new Dot(other.Self, 2)]);
        await small.WriteAsync(Some.Envelope());
        (await MeetAsync(small, hub)).Sent.EventsSent.Should().Be(1, "it still writes, and others take it");
    }

    private async Task<ReplicaNode> OpenAsync(
        IReplicaStore store, string installation, int maxOrigins = 4_096, int batch = 1_000, List<Dot>? told = null)
    {
        var sync = SessionSide.Options();
        sync.BatchEvents = batch;
        return await ReplicaNode.OpenAsync(
            store,
            new ReplicaNodeOptions
            {
                Sync = sync,
                Installation = installation,
                Replica = new ReplicaOptions { MaxOrigins = maxOrigins },
                OnDelivered = delivered => told?.Add(delivered.Event.Dot),
            },
            _time);
    }

    private static async Task<(SyncReport Sent, SyncReport Received)> MeetAsync(ReplicaNode left, ReplicaNode right)
    {
        var (toRight, toLeft) = InMemorySyncTransport.CreatePair();
        var answering = right.SynchroniseAsync(toLeft, SyncRole.Responder);
        var outcome = await left.SynchroniseAsync(toRight, SyncRole.Initiator);
        (await answering).IsCompleted.Should().BeTrue(outcome.Detail);
        return (outcome.Report!, (await answering).Report!);
    }
}
