using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Sync.Tests;

/// <summary>For how long a branch may be given up that an operator has said may be.</summary>
public sealed class BranchMarkTests
{
    private static readonly Origin X = Some.Origin(9);

    private readonly ManualTime _time = new(Some.Noon);
    private readonly ForkedLogs _logs;

    public BranchMarkTests() => _logs = new ForkedLogs(_time);

    [Theory]
    [InlineData(2, 4)]
    [InlineData(3, 3)]
    public async Task Who_has_won_takes_no_branch_that_somebody_forges_later(int loserLength, int winnerLength)
    {
        var common = _logs.Write(X, [], 2);
        var branches = new[] { _logs.Write(X, common, loserLength), _logs.Write(X, common, winnerLength) }
            .OrderBy(branch => branch.Count).ThenBy(branch => branch[^1].Event.Hash.ToString(), StringComparer.Ordinal).ToArray();
        using var loser = await _logs.OpenAsync(new InMemoryReplicaStore(), branches[0]);
        using var winner = await _logs.OpenAsync(new InMemoryReplicaStore(), branches[1]);
        using var forger = await _logs.OpenAsync(new InMemoryReplicaStore(), _logs.Write(X, common, 9));
        loser.Branches.Adopt(X);
        winner.Branches.Adopt(X);
        await ForkedLogs.MeetAsync(winner, loser);
        (loser.Branches.Adopting.Count, winner.Branches.Adopting.Count).Should().Be((0, 0));
        var before = await ForkedLogs.HistoryOfAsync(winner);

        var (report, _) = await ForkedLogs.MeetAsync(winner, forger);

        report.Forks.Should().Equal(X);
        report.BranchesAdopted.Should().BeEmpty();
        (await ForkedLogs.HistoryOfAsync(winner)).Should().Equal(before);
    }

    [Fact]
    public async Task A_log_that_is_the_same_everywhere_is_not_marked_for_ever()
    {
        var common = _logs.Write(X, [], 3);
        using var node = await _logs.OpenAsync(new InMemoryReplicaStore(), common);
        using var same = await _logs.OpenAsync(new InMemoryReplicaStore(), common);
        using var ahead = await _logs.OpenAsync(new InMemoryReplicaStore(), _logs.Write(X, common, 1));
        node.Branches.Adopt(X);
        (await ForkedLogs.MeetAsync(node, ahead)).Called.Mode.Should().NotBe(SyncMode.InSync);
        await ForkedLogs.MeetAsync(same, ahead);
        for (var met = 1; met < BranchMarks.MaxSame; met++)
        {
            node.Branches.Adopting.Should().Equal([X], "a peer with another branch may come yet");
            (await ForkedLogs.MeetAsync(node, same)).Called.Mode.Should().Be(SyncMode.InSync);
        }

        node.Branches.Adopting.Should().BeEmpty();
    }

    [Fact]
    public async Task The_reading_of_the_history_ends_with_its_session_and_leaves_the_branch()
    {
        var common = _logs.Write(X, [], 2);
        using var ending = new CancellationTokenSource();
        var store = new HookedReplicaStore(new InMemoryReplicaStore());
        using var node = await _logs.OpenAsync(store, _logs.Write(X, common, 1));
        using var peer = await _logs.OpenAsync(new InMemoryReplicaStore(), _logs.Write(X, common, 2));
        var before = await ForkedLogs.HistoryOfAsync(node);
        node.Branches.Adopt(X);
        store.OnRead = ending.Cancel;

        var (toPeer, toNode) = InMemorySyncTransport.CreatePair();
        var answering = peer.SynchroniseAsync(toNode, SyncRole.Responder);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => node.SynchroniseAsync(toPeer, SyncRole.Initiator, null, ending.Token));
        await answering;

        store.OnRead = () => { };
        (await ForkedLogs.HistoryOfAsync(node)).Should().Equal(before);
        node.Branches.Adopting.Should().Equal([X], "a session that was cut decides nothing");
        (await ForkedLogs.MeetAsync(node, peer)).Called.BranchesAdopted.Should().ContainSingle();
    }

    [Fact]
    public async Task What_was_adopted_is_known_also_where_the_connection_breaks_before_the_report()
    {
        var common = _logs.Write(X, [], 2);
        var store = new HookedReplicaStore(new InMemoryReplicaStore());
        using var node = await _logs.OpenAsync(store, _logs.Write(X, common, 3));
        using var peer = await _logs.OpenAsync(new InMemoryReplicaStore(), _logs.Write(X, common, 4));
        using var shorter = await _logs.OpenAsync(new InMemoryReplicaStore(), _logs.Write(X, common, 1));
        node.Branches.Adopt(X);
        (await ForkedLogs.MeetAsync(node, shorter)).Called.BranchesKept.Should().ContainSingle();
        node.Branches.Adopted.Should().BeEmpty("the branch here won");
        node.Branches.Adopt(X);

        var (toPeer, toNode) = InMemorySyncTransport.CreatePair();
        store.OnAdopted = () => _ = toPeer.DisposeAsync().AsTask();
        var answering = peer.SynchroniseAsync(toNode, SyncRole.Responder);
        var outcome = await node.SynchroniseAsync(toPeer, SyncRole.Initiator);
        await answering;

        (outcome.Reason, outcome.Report).Should().Be((SyncEndReason.Disconnected, null));
        node.Branches.Adopted.Should().Equal(new AdoptedBranch(X, 3, 5));
    }

    [Fact]
    public async Task A_log_that_is_the_own_one_again_because_no_incarnation_could_be_stored_is_not_given_up()
    {
        var common = _logs.Write(X, [], 2);
        var store = new HookedReplicaStore(new InMemoryReplicaStore());
        using var self = await _logs.OpenAsync(store, _logs.Write(X, common, 1), self: X);
        using var peer = await _logs.OpenAsync(new InMemoryReplicaStore(), _logs.Write(X, common, 2));
        store.HasNoIdentity = true;
        await Assert.ThrowsAsync<IOException>(() => self.BeginIncarnationAsync());
        self.Branches.Adopt(X);
        store.HasNoIdentity = false;
        var before = await ForkedLogs.HistoryOfAsync(self);
        self.Self.Should().Be(X);

        var (report, _) = await ForkedLogs.MeetAsync(self, peer);

        report.BranchesKept.Should().ContainSingle().Which.Should().Be(KeyValuePair.Create(X, BranchRefusal.NotGiven));
        (await ForkedLogs.HistoryOfAsync(self)).Should().Equal(before);
    }

    [Fact]
    public async Task A_branch_of_which_the_store_does_not_take_an_event_is_refused_and_asked_for_once()
    {
        var common = _logs.Write(X, [], 2);
        var longer = _logs.GoOn(X, common);
        List<DeliveredEvent> given =
        [
            .. common, longer.Write(Some.Envelope()), longer.Write(Some.Envelope(payload: $"\"{new string('x', 100_000)}\"")),
        ];
        var events = new InMemoryEventStore(new EventStoreOptions { MaxPayloadBytes = 64 * 1024 }, _time);
        using var node = await _logs.OpenAsync(
            new EventStoreReplicaStore(events, _time),
            _logs.Write(X, common, 2),
            options => options.Replica = new ReplicaOptions { MaxOrigins = 100 });
        using var peer = await _logs.OpenAsync(new InMemoryReplicaStore(), [.. given, longer.Write(Some.Envelope())]);
        var before = await ForkedLogs.HistoryOfAsync(node);
        node.Branches.Adopt(X);

        var (report, _) = await ForkedLogs.MeetAsync(node, peer);

        report.BranchesKept.Should().ContainSingle().Which.Should().Be(KeyValuePair.Create(X, BranchRefusal.RefusedByStore));
        node.Branches.Adopting.Should().BeEmpty();
        (await ForkedLogs.MeetAsync(node, peer)).Called.BranchesKept.Should().BeEmpty();
        (await ForkedLogs.HistoryOfAsync(node)).Should().Equal(before);
        (await node.WriteAsync(Some.Envelope())).Event.Dot.Sequence.Should().Be(1);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_scrub_beside_an_adoption_does_not_bring_back_what_was_given_up(bool isUnderWay)
    {
        var common = _logs.Write(X, [], 2);
        var store = new HookedReplicaStore(new InMemoryReplicaStore());
        using var node = await _logs.OpenAsync(store, _logs.Write(X, common, 2));
        using var peer = await _logs.OpenAsync(new InMemoryReplicaStore(), _logs.Write(X, common, 3));
        var (going, scrubbing) = (new TaskCompletionSource(), (Task<ScrubReport>?)null);
        if (isUnderWay)
        {
            // It has seen the end of the log, and not the log yet.
            store.OnReadLinks = () => going.Task;
            scrubbing = node.ScrubAsync();
            store.OnReadLinks = () => Task.CompletedTask;
        }

        store.OnAdopted = () =>
        {
            scrubbing ??= node.ScrubAsync();
            going.TrySetResult();
        };
        node.Branches.Adopt(X);
        (await ForkedLogs.MeetAsync(node, peer)).Called.BranchesAdopted.Should().ContainSingle();

        (await scrubbing!).Damaged.Should().BeEmpty();
        node.Damaged.Should().BeEmpty();
    }
}
