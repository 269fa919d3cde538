using K1s0.EventStore.Conformance;
using K1s0.EventStore.Sqlite;
using K1s0.EventStore.Sync.Snapshots;

namespace K1s0.EventStore.Sync.Tests;

/// <summary>The way out of a fork: one of two versions of a log is given up for the other, and nothing is lost.</summary>
public sealed class BranchTests : IDisposable
{
    private static readonly Origin X = Some.Origin(9);
    private static readonly Origin Y = Some.Origin(8);

    private readonly ManualTime _time = new(Some.Noon);
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("k1s0-branch-");
    private readonly ForkedLogs _logs;

    public BranchTests() => _logs = new ForkedLogs(_time);

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData("memory", SyncRole.Initiator)]
    [InlineData("memory", SyncRole.Responder)]
    [InlineData("events", SyncRole.Initiator)]
    [InlineData("file", SyncRole.Responder)]
    public async Task The_shorter_branch_is_given_up_and_both_end_with_the_same(string kind, SyncRole loser)
    {
        await using var file = OpenFile();
        var store = NewStore(kind, file);
        var told = new List<string>();
        var common = _logs.Write(X, [], 5);

        // What builds on one branch is at the one, what builds on the other at the other.
        var shorter = _logs.Write(Y, _logs.Write(X, common, 3), 2);
        var longer = _logs.Write(Some.Origin(7), _logs.Write(X, common, 70), 2);
        using var node = await _logs.OpenAsync(
            store, shorter, options => options.OnDelivered = one => told.Add($"{one.Event.Dot} {one.Event.Hash}"));
        using var peer = await _logs.OpenAsync(new InMemoryReplicaStore(), longer);
        await MeetAsync(node, peer, loser);
        (await MeetAsync(node, peer, loser)).Node.Forks.Should().Equal([X], "nobody has said that it is to be repaired");
        (node.Clock[X], node.Clock[Some.Origin(7)]).Should().Be((8, 0), "what builds on what is lacking waits");

        node.Branches.Adopt(X);
        peer.Branches.Adopt(X);
        var (report, kept) = await MeetAsync(node, peer, loser);

        report.BranchesAdopted.Should().Equal(new AdoptedBranch(X, 6, 8));
        kept.BranchesKept.Should().ContainSingle().Which.Should().Be(KeyValuePair.Create(X, BranchRefusal.WinsHere));
        (node.Branches.Adopting.Count, peer.Branches.Adopting.Count).Should().Be((0, 0));
        node.DeliveryStopped!.Undelivered.Should().Contain("branch");
        await Assert.ThrowsAsync<DeliveryStoppedException>(() => node.WriteAsync(Some.Envelope()));
        told.Clear();
        told.AddRange(await ForkedLogs.HistoryOfAsync(node));
        node.DeliveryStopped.Should().BeNull();
        await MeetAsync(node, peer, loser);
        (await MeetAsync(node, peer, loser)).Node.Mode.Should().Be(SyncMode.InSync);
        var history = await ForkedLogs.HistoryOfAsync(peer);
        (await ForkedLogs.HistoryOfAsync(node)).Should().Equal(history).And.HaveCount(79);
        told.Order(StringComparer.Ordinal).Should().Equal(history, "a view that was built anew goes on");
        (await node.Branches.ReadGivenUpAsync().ToListAsync()).Select(one => one.Hash)
            .Should().Equal(shorter.Skip(5).Take(3).Select(one => one.Event.Hash));

        node.Dispose();
        using var again = await _logs.ReopenAsync(kind is "file" ? new EventStoreReplicaStore(new SqliteEventStore(file)) : store);
        (await ForkedLogs.HistoryOfAsync(again)).Should().Equal(history, "it is durable");
        (await again.Branches.ReadGivenUpAsync().ToListAsync()).Should().HaveCount(3);
        (await again.ScrubAsync()).Damaged.Should().BeEmpty();
        (await ForkedLogs.MeetAsync(again, peer)).Called.Mode.Should().Be(SyncMode.InSync);
        var (head, heads) = (await peer.ReadHistoryAsync().LastAsync(one => one.Event.Dot.Origin == X), await store.ReadHeadsAsync());
        heads.Single(one => one.Last.Origin == X).Context.Should().Be(head.Context);
    }

    [Theory]
    [InlineData(SyncRole.Initiator)]
    [InlineData(SyncRole.Responder)]
    public async Task Of_two_branches_that_are_as_long_the_greater_hash_wins_whoever_is_asked(SyncRole role)
    {
        var common = _logs.Write(X, [], 2);
        var branches = new[] { _logs.Write(X, common, 2), _logs.Write(X, common, 2) }
            .OrderBy(branch => branch[^1].Event.Hash.ToString(), StringComparer.Ordinal).ToArray();
        using var loser = await _logs.OpenAsync(new InMemoryReplicaStore(), branches[0]);
        using var winner = await _logs.OpenAsync(new InMemoryReplicaStore(), branches[1]);
        loser.Branches.Adopt(X);
        winner.Branches.Adopt(X);

        var (report, other) = await MeetAsync(loser, winner, role);

        (report.BranchesAdopted.Count, other.BranchesAdopted.Count).Should().Be((1, 0));
        other.BranchesKept[X].Should().Be(BranchRefusal.WinsHere);
        (await ForkedLogs.HistoryOfAsync(loser)).Should().Equal(await ForkedLogs.HistoryOfAsync(winner));
        (await ForkedLogs.MeetAsync(winner, loser)).Called.Mode.Should().Be(SyncMode.InSync);
    }

    [Fact]
    public async Task Three_branches_at_many_replicas_become_one_whatever_their_order()
    {
        var common = _logs.Write(X, [], 1);
        var nodes = new List<ReplicaNode>();
        foreach (var length in new[] { 3, 1, 2, 3, 2 })
        {
            nodes.Add(await _logs.OpenAsync(new InMemoryReplicaStore(), _logs.Write(X, common, length)));
        }

        for (var round = 0; round < 3; round++)
        {
            nodes.ForEach(node => node.Branches.Adopt(X));
            for (var i = 0; i < nodes.Count; i++)
            {
                await ForkedLogs.MeetAsync(nodes[i], nodes[(i + 1) % nodes.Count]);
            }
        }

        var expected = await ForkedLogs.HistoryOfAsync(nodes[0]);
        foreach (var node in nodes)
        {
            (await ForkedLogs.HistoryOfAsync(node)).Should().Equal(expected);
            node.Dispose();
        }
    }

    [Fact]
    public async Task The_own_log_is_given_up_after_a_new_incarnation_only()
    {
        var common = _logs.Write(X, [], 2);
        using var self = await _logs.OpenAsync(new InMemoryReplicaStore(), _logs.Write(X, common, 1), self: X);
        using var peer = await _logs.OpenAsync(new InMemoryReplicaStore(), _logs.Write(X, common, 2));
        await ForkedLogs.MeetAsync(self, peer);
        self.Tail.Should().Be(TailStatus.Forked);
        self.Invoking(node => node.Branches.Adopt(X)).Should().Throw<InvalidOperationException>().WithMessage("*incarnation*");

        await self.BeginIncarnationAsync();
        self.Branches.Adopt(X);
        await ForkedLogs.MeetAsync(self, peer);

        // What it had written there it may write again, as itself.
        var lost = await self.Branches.ReadGivenUpAsync().SingleAsync();
        lost.Dot.Should().Be(new Dot(X, 3));
        await self.WriteAsync(lost.Envelope with { Id = Guid.CreateVersion7(_time.GetUtcNow()) });
        await ForkedLogs.MeetAsync(self, peer);
        (await ForkedLogs.HistoryOfAsync(self)).Should().Equal(await ForkedLogs.HistoryOfAsync(peer)).And.HaveCount(5);
    }

    [Fact]
    public async Task A_branch_that_is_adopted_and_given_up_again_is_told_twice()
    {
        var common = _logs.Write(X, [], 2);
        var store = new EventStoreReplicaStore(new InMemoryEventStore(timeProvider: _time), _time);
        using var node = await _logs.OpenAsync(store, _logs.Write(X, common, 1));
        for (var length = 2; length < 5; length++)
        {
            using var peer = await _logs.OpenAsync(new InMemoryReplicaStore(), _logs.Write(X, common, length));
            node.Branches.Adopt(X);
            await ForkedLogs.MeetAsync(node, peer);
            await ForkedLogs.MeetAsync(node, peer);
            (await ForkedLogs.HistoryOfAsync(node)).Should().Equal(await ForkedLogs.HistoryOfAsync(peer));
        }

        (await node.Branches.ReadGivenUpAsync().ToListAsync()).Select(one => one.Dot.Sequence).Should().Equal(3, 3, 4, 3, 4, 5);
        using var again = await _logs.ReopenAsync(store);
        (await ForkedLogs.HistoryOfAsync(again)).Should().Equal(await ForkedLogs.HistoryOfAsync(node));
    }

    [Fact]
    public async Task What_would_put_effects_before_causes_is_refused_and_nothing_changes()
    {
        // Of each log one branch builds on a branch of the other that loses.
        var common = _logs.Write(Y, _logs.Write(X, [], 2), 2);
        var left = _logs.Write(Y, _logs.Write(X, common, 2), 3);
        var right = _logs.Write(X, _logs.Write(Y, common, 2), 3);
        using var one = await _logs.OpenAsync(new InMemoryReplicaStore(), left);
        using var other = await _logs.OpenAsync(new InMemoryReplicaStore(), right);
        var before = (await ForkedLogs.HistoryOfAsync(one), await ForkedLogs.HistoryOfAsync(other));
        foreach (var node in new[] { one, other })
        {
            node.Branches.Adopt(X);
            node.Branches.Adopt(Y);
        }

        var (called, answered) = await ForkedLogs.MeetAsync(one, other);

        (called.BranchesKept[X], called.BranchesKept[Y]).Should().Be((BranchRefusal.Entangled, BranchRefusal.WinsHere));
        (answered.BranchesKept[X], answered.BranchesKept[Y]).Should().Be((BranchRefusal.WinsHere, BranchRefusal.Entangled));
        (await ForkedLogs.HistoryOfAsync(one)).Should().Equal(before.Item1);
        (await ForkedLogs.HistoryOfAsync(other)).Should().Equal(before.Item2);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_peer_that_lies_about_its_branch_replaces_nothing(bool liesInComparisons)
    {
        var common = _logs.Write(X, [], 2);
        using var node = await _logs.OpenAsync(new InMemoryReplicaStore(), _logs.Write(X, common, 2));
        var lies = new LyingReplicaStore(new InMemoryReplicaStore()) { LiesInComparisons = liesInComparisons };
        using var liar = await _logs.OpenAsync(lies, _logs.Write(X, common, 5));
        var before = await ForkedLogs.HistoryOfAsync(node);
        node.Branches.Adopt(X);

        var (report, _) = await ForkedLogs.MeetAsync(node, liar);

        (report.BranchesKept[X], report.BranchesAdopted.Count).Should().Be((BranchRefusal.NotGiven, 0));
        (await ForkedLogs.HistoryOfAsync(node)).Should().Equal(before);
        node.DeliveryStopped.Should().BeNull();
    }

    [Fact]
    public async Task A_branch_too_long_one_of_others_and_one_of_the_future_are_kept_and_the_report_says_why()
    {
        var common = _logs.Write(X, [], 1);
        using var peer = await _logs.OpenAsync(new InMemoryReplicaStore(), _logs.Write(X, common, BranchAsker.MaxEvents + 2));
        using var node = await _logs.OpenAsync(new InMemoryReplicaStore(), _logs.Write(X, common, BranchAsker.MaxEvents + 1));
        using var narrow = await _logs.OpenAsync(
            new InMemoryReplicaStore(),
            _logs.Write(X, common, 1),
            options => options.Sync.RightsOf = _ => new PeerRights { CanWrite = brought => brought.Dot.Origin != X });
        foreach (var one in new[] { node, narrow })
        {
            one.Branches.Adopt(X);
        }

        (await ForkedLogs.MeetAsync(node, peer)).Called.BranchesKept[X].Should().Be(BranchRefusal.TooLong);
        (await ForkedLogs.MeetAsync(narrow, peer)).Called.BranchesKept[X].Should().Be(BranchRefusal.NotPermitted);
        (node.Branches.Adopting.Count, narrow.Branches.Adopting.Count).Should().Be((0, 0), "nothing is downloaded again and again");
        using var early = await _logs.OpenAsync(new InMemoryReplicaStore(), _logs.Write(X, common, 1));
        _time.Advance(TimeSpan.FromHours(1));
        using var late = await _logs.OpenAsync(new InMemoryReplicaStore(), _logs.Write(X, common, 2));
        _time.Advance(TimeSpan.FromHours(-1));
        early.Branches.Adopt(X);
        (await ForkedLogs.MeetAsync(early, late)).Called.BranchesKept[X].Should().Be(BranchRefusal.ClockTooFarAhead);
    }

    [Fact]
    public async Task A_store_that_cannot_give_up_a_branch_says_so()
    {
        using var node = await _logs.OpenAsync(new LyingReplicaStore(new InMemoryReplicaStore()), _logs.Write(X, [], 1));

        node.Invoking(one => one.Branches.Adopt(X)).Should().Throw<NotSupportedException>();
        await Assert.ThrowsAsync<NotSupportedException>(() => node.Branches.ReadGivenUpAsync().ToListAsync().AsTask());
        node.Branches.Adopting.Should().BeEmpty();
    }

    [Fact]
    public async Task A_point_from_before_does_not_hide_that_a_peer_has_the_other_branch()
    {
        var common = _logs.Write(X, [], 2);
        var branches = new[] { _logs.Write(X, common, 1), _logs.Write(X, common, 1) }
            .OrderBy(branch => branch[^1].Event.Hash.ToString(), StringComparer.Ordinal).ToArray();
        var store = new EventStoreReplicaStore(new InMemoryEventStore(timeProvider: _time), _time);
        using var node = await _logs.OpenAsync(store, branches[0]);
        using var third = await _logs.OpenAsync(new InMemoryReplicaStore(), branches[0]);
        using var winner = await _logs.OpenAsync(new InMemoryReplicaStore(), branches[1]);
        var point = node.Clock;
        node.Branches.Adopt(X);
        await ForkedLogs.MeetAsync(node, winner);
        using var restarted = await _logs.ReopenAsync(store);
        await restarted.WriteAsync(Some.Envelope());

        // The third has nothing new to tell, and both think of the log as it was.
        var (called, answered) = await ForkedLogs.MeetAsync(restarted, third, point);

        (called.Mode, answered.Mode).Should().Be((SyncMode.FromCheckpoint, SyncMode.FromCheckpoint));
        called.Forks.Should().Equal([X]).And.Equal(answered.Forks);
        called.Checkpoint.Should().BeNull();
    }

    [Fact]
    public async Task What_is_behind_a_snapshot_of_a_branch_that_was_given_up_is_not_read()
    {
        var common = _logs.Write(X, [], 2);
        using var node = await _logs.OpenAsync(
            new InMemoryReplicaStore(), _logs.Write(X, common, 1), options => options.Snapshots = new InMemorySnapshotChunkStore());
        using var peer = await _logs.OpenAsync(new InMemoryReplicaStore(), _logs.Write(X, common, 2));
        var snapshot = await node.Snapshots.PublishAsync("stock", 1, () => []);
        node.Branches.Adopt(X);
        await ForkedLogs.MeetAsync(node, peer);

        // Its end has another event now; and later what comes behind it builds on another.
        await Assert.ThrowsAsync<InvalidFormatException>(() => node.Snapshots.ReadEventsAfterAsync(snapshot).ToListAsync().AsTask());
        await ForkedLogs.HistoryOfAsync(node);
        await ForkedLogs.MeetAsync(node, peer);
        node.Clock[X].Should().Be(4);
        await Assert.ThrowsAsync<InvalidFormatException>(() => node.Snapshots.ReadEventsAfterAsync(snapshot).ToListAsync().AsTask());
    }

    [Fact]
    public async Task A_snapshot_of_a_branch_that_was_given_up_is_not_given_to_others()
    {
        var common = _logs.Write(X, [], 2);
        using var node = await _logs.OpenAsync(new InMemoryReplicaStore(), _logs.Write(X, common, 1), Keeps);
        using var peer = await _logs.OpenAsync(new InMemoryReplicaStore(), _logs.Write(X, common, 2));
        using var third = await _logs.OpenAsync(new InMemoryReplicaStore(), [], Keeps);
        await node.Snapshots.PublishAsync("stock", 1, () => []);
        node.Branches.Adopt(X);
        await ForkedLogs.MeetAsync(node, peer);
        await node.Snapshots.PublishAsync("orders", 1, () => []);

        (await TakeAsync("stock")).Should().Be(SnapshotEnd.NothingGiven);
        await ForkedLogs.MeetAsync(node, peer);
        node.Clock[X].Should().Be(4, "the log goes on behind it");
        (await TakeAsync("stock")).Should().Be(SnapshotEnd.NothingGiven);
        (await TakeAsync("orders")).Should().Be(SnapshotEnd.Installed);

        static void Keeps(ReplicaNodeOptions options) => options.Snapshots = new InMemorySnapshotChunkStore();

        async Task<SnapshotEnd> TakeAsync(string name)
        {
            var (left, right) = InMemorySyncTransport.CreatePair();
            var giving = node.SynchroniseAsync(right, SyncRole.Responder);
            var outcome = await third.Snapshots.TakeAsync(left, name, 1);
            await giving;
            return outcome.Snapshot!.End;
        }
    }

    private static async Task<(SyncReport Node, SyncReport Peer)> MeetAsync(ReplicaNode node, ReplicaNode peer, SyncRole role)
    {
        var (called, answered) = role is SyncRole.Initiator
            ? await ForkedLogs.MeetAsync(node, peer)
            : await ForkedLogs.MeetAsync(peer, node);
        return role is SyncRole.Initiator ? (called, answered) : (answered, called);
    }

    private IBranchReplicaStore NewStore(string kind, SqliteStoreFile file) => kind switch
    {
        "memory" => new InMemoryReplicaStore(),
        "events" => new EventStoreReplicaStore(new InMemoryEventStore(timeProvider: _time), _time),
        _ => new EventStoreReplicaStore(new SqliteEventStore(file)),
    };

    private SqliteStoreFile OpenFile() => new(new SqliteOptions { FilePath = Path.Combine(_folder.FullName, "node.db") });
}
