using K1s0.EventStore.Conformance;
using K1s0.EventStore.Sqlite;

namespace K1s0.EventStore.Sync.Tests;

/// <summary>Logs in an event store, in memory and in an SQLite file: what is read is what was written, after a restart too.</summary>
public sealed class EventStoreReplicaStoreTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("k1s0-sync-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Any_history_comes_back_as_it_was(bool isFile)
    {
        var random = SeededRandom.Create();
        var cluster = new Cluster(random, 4);
        cluster.Run(600);
        cluster.HearAll();
        await using var file = isFile ? OpenFile("history.db") : null;
        IEventStore events = file is null ? new InMemoryEventStore() : new SqliteEventStore(file);
        var store = new EventStoreReplicaStore(events);
        foreach (var part in cluster.Histories[0].Chunk(37))
        {
            await store.AppendAsync(part);
        }

        var anew = new EventStoreReplicaStore(events);
        var heads = await anew.ReadHeadsAsync();
        heads.Should().BeEquivalentTo(cluster.Replicas[0].Clock.Entries.ToArray().Select(dot => cluster.Replicas[0].HeadOf(dot.Origin)));

        var (read, after, all) = (new List<SyncEvent>(), VectorClock.Empty, cluster.Replicas[0].Clock);
        while (await anew.ReadAsync(after, all, random.Next(1, 50), random.Next(1, 20_000)) is { Count: > 0 } page)
        {
            read.AddRange(page);
            after = page.Aggregate(after, (clock, one) => clock.Observe(one.Dot));
        }

        read.Select(one => one.Hash).Should().Equal(
            cluster.Written.Select(written => written.Event).Order(EventOrder.Instance).Select(one => one.Hash));
    }

    [Fact]
    public async Task White_space_around_metadata_and_every_part_of_an_envelope_survives()
    {
        var store = new EventStoreReplicaStore(new InMemoryEventStore());
        var replica = Some.NewReplica(1);
        foreach (var metadata in new[] { "{}", " {\"actor\" : \"ada\"} ", "[1 , 2]", "7", "\"x\"" })
        {
            var envelope = Some.Envelope(payload: " { \"a\" : 1.0 } ") with
            {
                MetadataUtf8 = System.Text.Encoding.UTF8.GetBytes(metadata),
                SchemaVersion = 3,
                OccurredAt = Some.Noon.AddTicks(123_450),
            };
            await store.AppendAsync([replica.Write(envelope)]);
        }

        var read = await store.ReadAsync(VectorClock.Empty, replica.Clock, 100, int.MaxValue);
        read.Should().HaveCount(5);
        read[^1].Hash.Should().Be(replica.HeadOf(replica.Self).Hash);
        read[1].Envelope.MetadataUtf8.ToArray().Should().Equal(" {\"actor\" : \"ada\"} "u8.ToArray());
    }

    [Theory]
    [InlineData(1, 16)]
    [InlineData(30, 31)]
    public async Task A_page_loads_little_more_than_it_gives(int origins, int most)
    {
        // A hundred events of 100 KB each; a page of 128 KiB has two.
        var events = new CountingEventStore(new InMemoryEventStore());
        var store = new EventStoreReplicaStore(events);
        var clock = VectorClock.Empty;
        for (var number = 1; number <= origins; number++)
        {
            var replica = Some.NewReplica(number);
            for (var i = 0; i < 100 / origins; i++)
            {
                await store.AppendAsync([replica.Write(Some.Envelope(payload: $"\"{new string('x', 100_000)}\""))]);
            }

            clock = clock.Merge(replica.Clock);
        }

        events.Loaded = 0;
        (await store.ReadAsync(VectorClock.Empty, clock, 1_000, 128 * 1024)).Should().HaveCount(2);

        events.Loaded.Should().BeInRange(2, most + 16);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task One_event_under_two_dots_is_stored_under_both(bool isFile)
    {
        await using var file = isFile ? OpenFile("twice.db") : null;
        var store = new EventStoreReplicaStore(file is null ? new InMemoryEventStore() : new SqliteEventStore(file));
        var (lost, envelope) = (Some.NewReplica(1), Some.Envelope());
        var again = Some.NewReplica(1);
        again.BeginIncarnation();

        // What was written before the end of the log was lost comes back from a peer.
        await store.AppendAsync([again.Write(envelope)]);
        await store.AppendAsync([lost.Write(envelope), lost.Write(envelope)]);

        var all = VectorClock.Of(new Dot(again.Self, 1), new Dot(lost.Self, 2));
        (await store.ReadAsync(VectorClock.Empty, all, 10, int.MaxValue))
            .Should().HaveCount(3).And.OnlyContain(read => read.Envelope.Id == envelope.Id);
    }

    [Fact]
    public void An_event_that_was_changed_in_the_store_is_found_when_it_is_read()
    {
        var written = Some.NewReplica(1).Write(Some.Envelope(payload: """{"amount":1}"""));
        var stored = StoredSyncEvent.Write(written, OriginNames.Log(written.Event.Dot.Origin)) with { Version = 1 };
        StoredSyncEvent.Read(stored, written.Event.Dot.Origin).Event.Hash.Should().Be(written.Event.Hash);

        foreach (var changed in new[]
        {
            stored with { PayloadUtf8 = """{"amount":2}"""u8.ToArray() },
            stored with { Version = 2 },
            stored with { EventType = "other" },
            stored with { Id = Guid.CreateVersion7(Some.Noon) },
        })
        {
            Assert.Throws<InvalidFormatException>(() => StoredSyncEvent.Read(changed, written.Event.Dot.Origin));
        }
    }

    [Fact]
    public async Task A_dot_that_is_taken_is_refused_by_the_store_itself()
    {
        var events = new InMemoryEventStore();
        var (one, other) = (Some.NewReplica(1), Some.NewReplica(1));
        await new EventStoreReplicaStore(events).AppendAsync([one.Write(Some.Envelope())]);

        await Assert.ThrowsAsync<ConcurrencyException>(
            () => new EventStoreReplicaStore(events).AppendAsync([other.Write(Some.Envelope())]));
    }

    [Fact]
    [Trait("Row", "S02")]
    [Trait("Row", "X10")]
    [Trait("PeerBug", "B35")]
    public async Task Two_files_end_with_the_same_and_a_node_goes_on_after_a_restart()
    {
        var time = new ManualTime(Some.Noon);
        Origin self;
        await using (var leftFile = OpenFile("left.db"))
        await using (var rightFile = OpenFile("right.db"))
        {
            using var left = await OpenAsync(leftFile, time);
            using var right = await OpenAsync(rightFile, time);
            self = left.Self;
            for (var i = 0; i < 150; i++)
            {
                await left.WriteAsync(Some.Envelope());
                await right.WriteAsync(Some.Envelope());
            }

            await MeetAsync(left, right);
            left.Clock.Should().Be(right.Clock);
        }

        await using var leftAgain = OpenFile("left.db");
        await using var rightAgain = OpenFile("right.db");
        using var restarted = await OpenAsync(leftAgain, time);
        using var peer = await OpenAsync(rightAgain, time);
        (restarted.Self, restarted.CanWrite).Should().Be((self, false));

        (await MeetAsync(restarted, peer)).Mode.Should().Be(SyncMode.InSync);
        (await restarted.WriteAsync(Some.Envelope())).Event.Dot.Should().Be(new Dot(self, 151));
    }

    [Fact]
    public async Task A_file_that_was_restored_from_a_copy_is_noticed_at_the_first_meeting()
    {
        var time = new ManualTime(Some.Noon);
        await using var rightFile = OpenFile("right.db");
        using var right = await OpenAsync(rightFile, time);
        await using (var leftFile = OpenFile("left.db"))
        {
            using var left = await OpenAsync(leftFile, time);
            await left.WriteAsync(Some.Envelope());
            await MeetAsync(left, right);
        }

        File.Copy(PathOf("left.db"), PathOf("backup.db"));
        await using (var leftFile = OpenFile("left.db"))
        {
            using var left = await OpenAsync(leftFile, time);
            await MeetAsync(left, right);
            await left.WriteAsync(Some.Envelope());
            await MeetAsync(left, right);
        }

        await using var backup = OpenFile("backup.db");
        using var restored = await OpenAsync(backup, time);
        await MeetAsync(restored, right);

        (restored.Tail, restored.CanWrite).Should().Be((TailStatus.Lost, false));
        var old = restored.Self;
        await restored.BeginIncarnationAsync();
        (await restored.WriteAsync(Some.Envelope())).Clock[old].Should().Be(2);
        await MeetAsync(restored, right);
        right.Clock.Should().Be(restored.Clock);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_replica_in_a_restored_file_goes_on_as_a_new_origin_when_its_operator_has_begun_an_epoch(bool hasBegun)
    {
        // The peer that it meets is as far behind as itself: what it lost somebody else has.
        var time = new ManualTime(Some.Noon);
        await using var peerFile = OpenFile("peer.db");
        using var peer = await OpenAsync(peerFile, time);
        await using (var file = OpenFile("node.db"))
        {
            using var node = await OpenAsync(file, time);
            await node.WriteAsync(Some.Envelope());
            await MeetAsync(node, peer);
        }

        File.Copy(PathOf("node.db"), PathOf("backup.db"));
        Origin self;
        await using (var file = OpenFile("node.db"))
        {
            using var node = await OpenAsync(file, time);
            self = node.Self;
            await MeetAsync(node, peer);
            await node.WriteAsync(Some.Envelope());
        }

        await using var backup = OpenFile("backup.db");
        if (hasBegun)
        {
            await backup.BeginEpochAsync();
        }

        using var restored = await OpenAsync(backup, time);
        await MeetAsync(restored, peer);
        var written = (await restored.WriteAsync(Some.Envelope())).Event.Dot;

        written.Origin.Replica.Should().Be(self.Replica);
        (written == new Dot(self, 2)).Should().Be(!hasBegun, "nobody whom it met could know of the second event");
        if (hasBegun)
        {
            using var again = await OpenAsync(backup, time);
            again.Self.Should().Be(written.Origin, "the epoch was noticed once");
        }
    }

    private static async Task<SyncReport> MeetAsync(ReplicaNode left, ReplicaNode right)
    {
        var (toRight, toLeft) = InMemorySyncTransport.CreatePair();
        var answering = right.SynchroniseAsync(toLeft, SyncRole.Responder);
        var outcome = await left.SynchroniseAsync(toRight, SyncRole.Initiator);
        (await answering).IsCompleted.Should().BeTrue();
        return outcome.Report!;
    }

    private static Task<ReplicaNode> OpenAsync(SqliteStoreFile file, TimeProvider time) => ReplicaNode.OpenAsync(
        new EventStoreReplicaStore(new SqliteEventStore(file)), new ReplicaNodeOptions { Sync = SessionSide.Options() }, time);

    private SqliteStoreFile OpenFile(string name) => new(new SqliteOptions { FilePath = PathOf(name) });

    private string PathOf(string name) => Path.Combine(_folder.FullName, name);
}
