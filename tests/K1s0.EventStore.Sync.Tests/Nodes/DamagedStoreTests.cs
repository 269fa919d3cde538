using K1s0.EventStore.Conformance;
using K1s0.EventStore.Sqlite;
using K1s0.EventStore.Sync.Simulation;
using Microsoft.Data.Sqlite;

namespace K1s0.EventStore.Sync.Tests;

/// <summary>A store with damaged events opens all the same, and gets them back from peers.</summary>
public sealed class DamagedStoreTests : IDisposable
{
    private const int Written = 150;

    private readonly ManualTime _time = new(Some.Noon);
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("k1s0-damaged-");

    public void Dispose() => _folder.Delete(recursive: true);

    // A whole context stands at 1, 65 and 129.
    [Theory]
    [InlineData(150, 150, 149)]
    [InlineData(140, 140, 139)]
    [InlineData(129, 129, 128)]
    [InlineData(120, 129, 119)]
    [InlineData(65, 150, 64)]
    [InlineData(1, 150, 0)]
    [InlineData(100, 128, 150)]
    [InlineData(1, 128, 150)]
    public async Task Damage_at_the_end_of_a_log_cuts_it_there_until_a_peer_gives_it_back(int first, int last, int whole)
    {
        var events = new RottenEventStore(new InMemoryEventStore(timeProvider: _time));
        using var peer = await OpenAsync(new InMemoryReplicaStore());
        Origin self;
        IReadOnlyList<OriginHead> heads;
        using (var node = await OpenAsync(new EventStoreReplicaStore(events, _time)))
        {
            self = node.Self;
            await WriteAsync(peer, 3);
            await MeetAsync(node, peer);
            await WriteAsync(node, 80);
            await WriteAsync(peer, Written - 3);
            await MeetAsync(node, peer);
            await WriteAsync(node, Written - 80);
            await MeetAsync(node, peer);
            heads = await new EventStoreReplicaStore(events, _time).ReadHeadsAsync();
        }

        // The log of the peer, which the own one builds on, and the own one in another run of the same.
        foreach (var origin in new[] { peer.Self, self })
        {
            for (var at = first; at <= last; at++)
            {
                events.Rot(OriginNames.Log(origin), at);
            }
        }

        var told = new List<Dot>();
        using var again = await OpenAsync(new EventStoreReplicaStore(events, _time), told);
        (again.Self == self).Should().Be(whole > 0, "a log of which nothing is there nobody can confirm");
        (again.Clock[self], again.Clock[peer.Self]).Should().Be((whole, whole));
        again.CanWrite.Should().Be(whole == 0);
        again.Tail.Should().Be(whole switch { 0 => TailStatus.Sound, 150 => TailStatus.Unwitnessed, _ => TailStatus.Lost });
        again.Damaged.Should().HaveCount(2 * (whole == Written ? 0 : Written - whole));
        var scrubbed = await again.ScrubAsync();
        scrubbed.Damaged.Should().HaveCount(2 * (whole == Written ? last - first + 1 : Written - whole));
        await MeetAsync(again, peer);

        again.Damaged.Should().BeEmpty();
        told.Should().HaveCount(2 * (Written - whole)).And.OnlyHaveUniqueItems();
        (await ReadAllAsync(again)).Should().Equal(await ReadAllAsync(peer));
        (await new EventStoreReplicaStore(events, _time).ReadHeadsAsync()).Should().BeEquivalentTo(heads);
        again.CanWrite.Should().Be(whole is 0 or Written, "its own log was cut: somebody may have what it lost");
        if (!again.CanWrite)
        {
            await again.BeginIncarnationAsync();
        }

        await again.WriteAsync(Some.Envelope());
        (await MeetAsync(again, peer)).Called.EventsSent.Should().Be(1);
    }

    [Fact]
    public async Task Damage_in_the_log_of_another_stops_no_writing_and_no_history_without_it_is_told()
    {
        var events = new RottenEventStore(new InMemoryEventStore(timeProvider: _time));
        using var peer = await OpenAsync(new InMemoryReplicaStore());
        using (var node = await OpenAsync(new EventStoreReplicaStore(events, _time)))
        {
            await WriteAsync(peer, 10);
            await MeetAsync(node, peer);
            await WriteAsync(node, 1);
            await MeetAsync(node, peer);
        }

        events.Rot(OriginNames.Log(peer.Self), 9);
        using var again = await OpenAsync(new EventStoreReplicaStore(events, _time));

        again.Damaged.Should().Equal(new Dot(peer.Self, 9), new Dot(peer.Self, 10));
        await Assert.ThrowsAsync<InvalidFormatException>(() => ReadAllAsync(again));
        using var third = await OpenAsync(new InMemoryReplicaStore());
        await MeetAsync(again, third);
        await MeetAsync(peer, third);
        await MeetAsync(again, third);
        again.CanWrite.Should().BeTrue("its own log is whole, and confirmed");
        (await again.WriteAsync(Some.Envelope())).Context[peer.Self].Should().Be(10);
        (await ReadAllAsync(again)).Should().HaveCount(12);
    }

    [Fact]
    public async Task A_file_whose_rows_are_damaged_and_gone_opens_and_is_repaired()
    {
        using var peer = await OpenAsync(new InMemoryReplicaStore());
        Origin self;
        await using (var file = OpenFile())
        {
            using var node = await OpenAsync(new EventStoreReplicaStore(new SqliteEventStore(file)));
            self = node.Self;
            await WriteAsync(node, Written);
            await WriteAsync(peer, Written);
            await MeetAsync(node, peer);
        }

        Execute("drop trigger events_no_update; update events set metadata = x'00' where version = 145", OriginNames.Log(self));
        Execute("drop trigger events_no_delete; delete from events where version > 140", OriginNames.Log(peer.Self));
        Execute("update events set payload = x'00' where version = 1", new StreamId("k1s0-sync", "origins"));
        await using var again = OpenFile();
        using var opened = await OpenAsync(new EventStoreReplicaStore(new SqliteEventStore(again)));
        (opened.Self == self, opened.Tail).Should().Be((false, TailStatus.Sound), "its log has lost its name");
        opened.Damaged.Should().HaveCount(10);

        await MeetAsync(opened, peer);

        opened.Damaged.Should().BeEmpty();
        (await ReadAllAsync(opened)).Should().Equal(await ReadAllAsync(peer));
        (await opened.ScrubAsync()).Damaged.Should().BeEmpty();
    }

    [Fact]
    public async Task Who_a_store_belongs_to_is_decided_anew_where_that_is_damaged()
    {
        var events = new RottenEventStore(new InMemoryEventStore(timeProvider: _time));
        using var node = await OpenAsync(new EventStoreReplicaStore(events, _time));
        await WriteAsync(node, 3);
        await node.BeginIncarnationAsync();
        events.Rot(new StreamId("k1s0-sync", "identity"), 2);

        using var again = await OpenAsync(new EventStoreReplicaStore(events, _time));

        again.Self.Replica.Should().NotBe(node.Self.Replica, "an earlier life was given up for a reason");
        (again.Clock.Count, again.CanWrite).Should().Be((1, true));
        (await again.WriteAsync(Some.Envelope())).Context.Count.Should().Be(1);
    }

    [Theory]
    [InlineData(SyncRole.Initiator)]
    [InlineData(SyncRole.Responder)]
    public async Task Damage_that_a_session_runs_into_ends_it_and_the_next_one_goes_on(SyncRole role)
    {
        var events = new RottenEventStore(new InMemoryEventStore(timeProvider: _time));
        using var node = await OpenAsync(new EventStoreReplicaStore(events, _time));
        using var helper = await OpenAsync(new InMemoryReplicaStore());
        using var late = await OpenAsync(new InMemoryReplicaStore());
        await WriteAsync(node, 100);
        await MeetAsync(node, helper);
        events.Rot(OriginNames.Log(node.Self), 20);

        var (toOther, toNode) = InMemorySyncTransport.CreatePair();
        var other = role is SyncRole.Initiator ? SyncRole.Responder : SyncRole.Initiator;
        var listening = late.SynchroniseAsync(toNode, other);
        var outcome = await node.SynchroniseAsync(toOther, role);
        await listening;

        outcome.Reason.Should().Be(SyncEndReason.StoreIncomplete);
        node.Damaged.Should().Equal(new Dot(node.Self, 20));
        (await MeetAsync(node, late)).Called.EventsSent.Should().Be(19);
        (await MeetAsync(node, helper)).Called.EventsRepaired.Should().Be(1);
        (await MeetAsync(node, late)).Called.EventsSent.Should().Be(81);
    }

    private Task<ReplicaNode> OpenAsync(IReplicaStore store, List<Dot>? told = null) => ReplicaNode.OpenAsync(
        store,
        new ReplicaNodeOptions { Sync = SessionSide.Options(), OnDelivered = delivered => told?.Add(delivered.Event.Dot) },
        _time);

    private static async Task WriteAsync(ReplicaNode node, int count)
    {
        for (var i = 0; i < count; i++)
        {
            await node.WriteAsync(Some.Envelope(payload: $"{i}"));
        }
    }

    private static async Task<List<Integrity.Sha256Digest>> ReadAllAsync(ReplicaNode node)
    {
        var hashes = new List<Integrity.Sha256Digest>();
        await foreach (var delivered in node.ReadHistoryAsync())
        {
            hashes.Add(delivered.Event.Hash);
        }

        return [.. hashes.OrderBy(hash => hash.ToString(), StringComparer.Ordinal)];
    }

    private static async Task<(SyncReport Called, SyncReport Answered)> MeetAsync(ReplicaNode left, ReplicaNode right)
    {
        var (toRight, toLeft) = InMemorySyncTransport.CreatePair();
        var answering = right.SynchroniseAsync(toLeft, SyncRole.Responder);
        var called = await left.SynchroniseAsync(toRight, SyncRole.Initiator);
        var answered = await answering;
        called.IsCompleted.Should().BeTrue(called.Detail);
        answered.IsCompleted.Should().BeTrue(answered.Detail);
        return (called.Report!, answered.Report!);
    }

    private SqliteStoreFile OpenFile() => new(new SqliteOptions { FilePath = Path.Combine(_folder.FullName, "node.db") });

    // As a disk does it: past the guards of the file.
    private void Execute(string statement, StreamId stream)
    {
        using var connection = new SqliteConnection(
            new SqliteConnectionStringBuilder { DataSource = Path.Combine(_folder.FullName, "node.db"), Pooling = false }.ToString());
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText =
            $"{statement} and stream_key = (select stream_key from streams where stream_type = $type and stream_id = $id);";
        command.Parameters.AddWithValue("$type", stream.AggregateType);
        command.Parameters.AddWithValue("$id", stream.AggregateId);
        command.ExecuteNonQuery().Should().BeGreaterThan(0);
    }
}
