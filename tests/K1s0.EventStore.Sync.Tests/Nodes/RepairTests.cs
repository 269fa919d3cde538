using K1s0.EventStore.Conformance;
using K1s0.EventStore.Sqlite;
using K1s0.EventStore.Sync.Simulation;
using Microsoft.Data.Sqlite;

namespace K1s0.EventStore.Sync.Tests;

/// <summary>What vectors cannot see: events that a store holds and cannot read any more come back from a peer.</summary>
public sealed class RepairTests : IDisposable
{
    // Microseconds since 1970, some 28,500 years from now.
    private const long BeyondAllTimes = 900_000_000_000_000_000;

    private readonly ManualTime _time = new(Some.Noon);
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("k1s0-repair-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData(SyncRole.Initiator)]
    [InlineData(SyncRole.Responder)]
    public async Task Damaged_events_in_a_file_come_back_and_stay_over_a_restart(SyncRole damagedSide)
    {
        using var peer = await OpenAsync(new InMemoryReplicaStore());
        await WriteAsync(peer, 40);
        Origin self;
        await using (var file = OpenFile())
        {
            using var node = await OpenAsync(new EventStoreReplicaStore(new SqliteEventStore(file)));
            self = node.Self;
            await WriteAsync(node, 200);
            await MeetAsync(node, peer);
        }

        // Not among the last 64 of a log: these are needed to open the store at all.
        Damage("payload = cast('{\"amount\":1}' as blob)", self, 3, 4, 5, 70);
        Damage("metadata = x'00'", self, 100);
        Damage("event_id = randomblob(16)", self, 120);
        Delete(self, 128, 130);
        await using (var file = OpenFile())
        {
            var store = new EventStoreReplicaStore(new SqliteEventStore(file));
            using var node = await OpenAsync(store);
            var found = await node.ScrubAsync();
            found.Damaged.Should().BeEquivalentTo(new long[] { 3, 4, 5, 70, 100, 120, 128, 130 }.Select(at => new Dot(self, at)));
            (found.EventsChecked, found.IsComplete).Should().Be((232, true));
            await Assert.ThrowsAsync<InvalidFormatException>(() => ReadAllAsync(node));

            var report = damagedSide is SyncRole.Initiator
                ? (await MeetAsync(node, peer)).Called
                : (await MeetAsync(peer, node)).Answered;

            (report.EventsRepaired, report.RepairsRefused, report.EventsReceived).Should().Be((8, 0, 0));
            node.Damaged.Should().BeEmpty();
            (await ReadAllAsync(node)).Should().Equal(await ReadAllAsync(peer));
        }

        await using var again = OpenFile();
        using var restarted = await OpenAsync(new EventStoreReplicaStore(new SqliteEventStore(again)));
        (await restarted.ScrubAsync()).Damaged.Should().BeEmpty();
        (await ReadAllAsync(restarted)).Should().Equal(await ReadAllAsync(peer));
        (await MeetAsync(restarted, peer)).Called.Mode.Should().Be(SyncMode.InSync);
    }

    // A row that the store cannot decode fails the loading of those around it as well.
    [Fact]
    public async Task A_row_that_the_store_cannot_decode_is_whole_again_after_its_repair()
    {
        using var peer = await OpenAsync(new InMemoryReplicaStore());
        Origin self;
        await using (var file = OpenFile())
        {
            using var node = await OpenAsync(new EventStoreReplicaStore(new SqliteEventStore(file)));
            self = node.Self;
            await WriteAsync(node, 150);
            await MeetAsync(node, peer);
        }

        Damage($"occurred_at = {BeyondAllTimes}", self, 10, 12);
        await using (var file = OpenFile())
        {
            var store = new EventStoreReplicaStore(new SqliteEventStore(file));
            using var node = await OpenAsync(store);
            (await node.ScrubAsync()).Damaged.Should().Equal(new Dot(self, 10), new Dot(self, 12));
            await Assert.ThrowsAsync<EventUnreadableException>(() => ReadAllAsync(node));

            (await MeetAsync(node, peer)).Called.EventsRepaired.Should().Be(2);

            (await node.ScrubAsync()).Damaged.Should().BeEmpty();
            (await ReadAllAsync(node)).Should().Equal(await ReadAllAsync(peer));
            using var third = await OpenAsync(new InMemoryReplicaStore());
            (await MeetAsync(node, third)).Called.EventsSent.Should().Be(150);
        }

        // A repair may be damaged in the same way: the others stand, and the next one has its place.
        Damage($"occurred_at = {BeyondAllTimes}", new StreamId("k1s0-sync", "repairs"), 2);
        await using var again = OpenFile();
        using var restarted = await OpenAsync(new EventStoreReplicaStore(new SqliteEventStore(again)));
        (await restarted.ScrubAsync()).Damaged.Should().ContainSingle();
        (await MeetAsync(restarted, peer)).Called.EventsRepaired.Should().Be(1);
        (await ReadAllAsync(restarted)).Should().Equal(await ReadAllAsync(peer));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_peer_that_lies_replaces_nothing_and_an_honest_one_still_can(bool liesInComparisons)
    {
        var (events, node) = await OpenRottenAsync();
        var lies = new LyingReplicaStore(new InMemoryReplicaStore()) { LiesInComparisons = liesInComparisons };
        using var liar = await OpenAsync(lies);
        using var honest = await OpenAsync(new InMemoryReplicaStore());
        await WriteAsync(node, 50);
        await MeetAsync(node, liar);
        await MeetAsync(node, honest);
        foreach (var at in new long[] { 7, 20, 21, 22 })
        {
            events.Rot(OriginNames.Log(node.Self), at);
        }

        await node.ScrubAsync();
        var report = (await MeetAsync(node, liar)).Called;

        // Of a row only the last is known to be forged: what stands before it, nobody knows yet.
        (report.EventsRepaired, report.RepairsRefused).Should().Be((0, liesInComparisons ? 0 : 2));
        report.Checkpoint.Should().BeNull("the logs are not whole");
        node.Damaged.Should().HaveCount(4);
        (await node.ScrubAsync()).Damaged.Should().HaveCount(4, "nothing was replaced");

        (await MeetAsync(node, honest)).Called.EventsRepaired.Should().Be(4);
        (await ReadAllAsync(node)).Should().Equal(await ReadAllAsync(honest));
        node.Dispose();
    }

    [Fact]
    public async Task Whole_events_are_never_replaced_whatever_a_peer_says_it_has()
    {
        var (events, node) = await OpenRottenAsync();
        using var liar = await OpenAsync(new LyingReplicaStore(new InMemoryReplicaStore()) { LiesInComparisons = true });
        await WriteAsync(node, 300);
        await MeetAsync(node, liar);
        var before = await ReadAllAsync(node);
        events.Rot(OriginNames.Log(node.Self), 150);
        await node.ScrubAsync();

        var report = (await MeetAsync(node, liar)).Called;

        (report.EventsRepaired, report.EventsReceived).Should().Be((0, 0));
        var links = await new EventStoreReplicaStore(events).ReadLinksAsync(node.Self, 1, 300);
        links.Should().HaveCount(299).And.OnlyContain(link => before[(int)link.Sequence - 1] == link.Hash);
        node.Dispose();
    }

    [Fact]
    public async Task A_long_row_of_damage_over_two_parts_of_a_log_comes_back_from_its_end()
    {
        var (events, node) = await OpenRottenAsync();
        using var peer = await OpenAsync(new InMemoryReplicaStore());
        await WriteAsync(node, 4_500);
        await MeetAsync(node, peer);
        for (var at = 3_700; at <= 4_300; at++)
        {
            events.Rot(OriginNames.Log(node.Self), at);
        }

        (await node.ScrubAsync()).Damaged.Should().HaveCount(601);
        var report = (await MeetAsync(node, peer)).Called;

        report.EventsRepaired.Should().Be(601);
        (await ReadAllAsync(node)).Should().Equal(await ReadAllAsync(peer));
        node.Dispose();
    }

    [Fact]
    public async Task What_is_damaged_at_both_comes_back_from_a_third()
    {
        var (events, node) = await OpenRottenAsync();
        var (othersEvents, other) = await OpenRottenAsync();
        using var third = await OpenAsync(new InMemoryReplicaStore());
        await WriteAsync(node, 30);
        await MeetAsync(node, other);
        await MeetAsync(node, third);
        events.Rot(OriginNames.Log(node.Self), 10);
        events.Rot(OriginNames.Log(node.Self), 12);
        othersEvents.Rot(OriginNames.Log(node.Self), 10);
        othersEvents.Rot(OriginNames.Log(node.Self), 20);
        await node.ScrubAsync();
        await other.ScrubAsync();

        var (called, answered) = await MeetAsync(node, other);
        (called.EventsRepaired, answered.EventsRepaired).Should().Be((1, 1), "each gives what is whole there");
        (await MeetAsync(node, third)).Called.EventsRepaired.Should().Be(1);
        (await MeetAsync(other, node)).Called.EventsRepaired.Should().Be(1);
        (await ReadAllAsync(other)).Should().Equal(await ReadAllAsync(third));
        node.Dispose();
        other.Dispose();
    }

    [Fact]
    public async Task What_is_damaged_is_not_sent_on_and_the_rest_follows_after_the_repair()
    {
        var (events, node) = await OpenRottenAsync();
        using var peer = await OpenAsync(new InMemoryReplicaStore());
        using var late = await OpenAsync(new InMemoryReplicaStore());
        await WriteAsync(node, 30);
        await MeetAsync(node, peer);
        events.Rot(OriginNames.Log(node.Self), 10);
        await node.ScrubAsync();

        var report = (await MeetAsync(node, late)).Called;
        (report.EventsSent, report.Checkpoint).Should().Be((9, null));
        late.Clock[node.Self].Should().Be(9);

        await MeetAsync(node, peer);
        (await MeetAsync(node, late)).Called.EventsSent.Should().Be(21);
        late.Clock.Should().Be(peer.Clock);
        node.Dispose();
    }

    [Fact]
    public async Task A_repaired_end_of_a_log_is_the_end_that_a_restart_reads()
    {
        var (events, node) = await OpenRottenAsync();
        using var peer = await OpenAsync(new InMemoryReplicaStore());
        await WriteAsync(peer, 3);
        await WriteAsync(node, 20);
        await MeetAsync(node, peer);
        await WriteAsync(node, 2);
        await MeetAsync(node, peer);
        var heads = await new EventStoreReplicaStore(events).ReadHeadsAsync();
        foreach (var at in new long[] { 1, 20, 21, 22 })
        {
            events.Rot(OriginNames.Log(node.Self), at);
        }

        (await new EventStoreReplicaStore(events).ReadHeadsAsync()).Single(head => head.Last.Origin == node.Self)
            .DamagedUpTo.Should().Be(22, "nothing of it can be read");
        await node.ScrubAsync();
        (await MeetAsync(node, peer)).Called.EventsRepaired.Should().Be(4);

        (await new EventStoreReplicaStore(events).ReadHeadsAsync()).Should().BeEquivalentTo(heads);
        heads.Single(head => head.Last.Origin == node.Self).Context[peer.Self].Should().Be(3);
        node.Dispose();
    }

    [Fact]
    public async Task Nothing_is_compared_with_a_peer_that_may_not_read_every_event()
    {
        var events = new RottenEventStore(new InMemoryEventStore(timeProvider: _time));
        var options = SessionSide.Options();
        var rights = PeerRights.All;
        options.RightsOf = _ => rights;
        using var node = await ReplicaNode.OpenAsync(
            new EventStoreReplicaStore(events, _time), new ReplicaNodeOptions { Sync = options }, _time);
        using var peer = await OpenAsync(new InMemoryReplicaStore());
        await WriteAsync(node, 20);
        await MeetAsync(node, peer);
        events.Rot(OriginNames.Log(node.Self), 5);
        await node.ScrubAsync();

        rights = new PeerRights { CanRead = _ => true };
        var report = (await MeetAsync(node, peer)).Called;
        (report.Mode, report.EventsRepaired).Should().Be((SyncMode.InSync, 0), "it asks for nothing");
        node.Damaged.Should().ContainSingle();

        rights = PeerRights.All;
        (await MeetAsync(node, peer)).Called.EventsRepaired.Should().Be(1);
    }

    [Fact]
    public async Task More_damage_than_is_kept_in_mind_is_repaired_in_turns()
    {
        var (events, node) = await OpenRottenAsync();
        using var peer = await OpenAsync(new InMemoryReplicaStore());
        await WriteAsync(node, LogDamage.MaxEvents + 100);
        await MeetAsync(node, peer);
        for (var at = 1; at <= LogDamage.MaxEvents + 50; at++)
        {
            events.Rot(OriginNames.Log(node.Self), at);
        }

        var first = await node.ScrubAsync();
        (first.Damaged.Count, first.IsComplete).Should().Be((LogDamage.MaxEvents, false));
        var second = await node.ScrubAsync();
        second.IsComplete.Should().BeFalse();
        second.Damaged.Should().Equal(first.Damaged, "who looks again forgets nothing");
        (await MeetAsync(node, peer)).Called.EventsRepaired.Should().Be(LogDamage.MaxEvents);
        (await node.ScrubAsync()).Damaged.Should().HaveCount(50);
        (await MeetAsync(node, peer)).Called.EventsRepaired.Should().Be(50);
        (await node.ScrubAsync()).Damaged.Should().BeEmpty();
        node.Dispose();
    }

    [Fact]
    public async Task A_store_that_cannot_be_repaired_says_so_and_still_synchronises()
    {
        using var node = await OpenAsync(new FailingReplicaStore(new InMemoryReplicaStore()));
        var (events, other) = await OpenRottenAsync();
        await WriteAsync(other, 20);
        await MeetAsync(node, other);
        events.Rot(OriginNames.Log(other.Self), 5);
        await other.ScrubAsync();

        await Assert.ThrowsAsync<NotSupportedException>(() => node.ScrubAsync());
        (await MeetAsync(other, node)).Called.EventsRepaired.Should().Be(0);
        other.Damaged.Should().ContainSingle();
        other.Dispose();
    }

    private async Task<(RottenEventStore Events, ReplicaNode Node)> OpenRottenAsync()
    {
        var events = new RottenEventStore(new InMemoryEventStore(timeProvider: _time));
        return (events, await OpenAsync(new EventStoreReplicaStore(events, _time)));
    }

    private Task<ReplicaNode> OpenAsync(IReplicaStore store) =>
        ReplicaNode.OpenAsync(store, new ReplicaNodeOptions { Sync = SessionSide.Options() }, _time);

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

        return hashes;
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
    private void Damage(string change, Origin origin, params long[] sequences) =>
        Damage(change, OriginNames.Log(origin), sequences);

    private void Damage(string change, StreamId stream, params long[] versions) =>
        Execute($"drop trigger if exists events_no_update; update events set {change}", stream, versions);

    private void Delete(Origin origin, params long[] sequences) =>
        Execute("drop trigger if exists events_no_delete; delete from events", OriginNames.Log(origin), sequences);

    private void Execute(string statement, StreamId stream, long[] versions)
    {
        using var connection = new SqliteConnection(
            new SqliteConnectionStringBuilder { DataSource = Path.Combine(_folder.FullName, "node.db"), Pooling = false }.ToString());
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText =
            $"""
            {statement} where version in ({string.Join(',', versions)}) and stream_key =
              (select stream_key from streams where stream_type = $type and stream_id = $id);
            """;
        command.Parameters.AddWithValue("$type", stream.AggregateType);
        command.Parameters.AddWithValue("$id", stream.AggregateId);
        command.ExecuteNonQuery().Should().Be(versions.Length);
    }
}
