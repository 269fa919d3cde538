using K1s0.EventStore.Conformance;
using K1s0.EventStore.Sync.Simulation;
using K1s0.EventStore.Sync.Snapshots;
using K1s0.EventStore.Sync.Tests;

namespace K1s0.EventStore.Sync.Beginnings.Tests;

/// <summary>Snapshots that contradict what is here, or what a replica may hold: refused, and nothing has changed.</summary>
public sealed class BeginRefusalTests : IDisposable
{
    private static readonly Origin X = Some.Origin(9);

    private readonly ManualTime _time = new(Some.Noon);
    private readonly List<IDisposable> _opened = [];
    private readonly ForkedLogs _forks;

    public BeginRefusalTests() => _forks = new ForkedLogs(_time);

    public void Dispose() => _opened.ForEach(one => one.Dispose());

    [Fact]
    public async Task Without_a_snapshot_or_a_store_for_it_nothing_is_begun()
    {
        var full = await OpenAsync([], X);
        await ShouldRefuseAsync(full, BeginEnd.NoSnapshot, because: null);

        var store = new FailingReplicaStore(new InMemoryReplicaStore());
        var plain = await ShopNode.OpenAsync(_time, () => store);
        _opened.Add(plain);
        await full.PublishAsync();
        await plain.TakeAsync(full);
        await Assert.ThrowsAsync<NotSupportedException>(() => plain.Node.Snapshots.BeginFromAsync(ShopNode.Name));
        using var none = await ReplicaNode.OpenAsync(
            new InMemoryReplicaStore(), new ReplicaNodeOptions { Sync = SessionSide.Options() }, _time);
        await Assert.ThrowsAsync<InvalidOperationException>(() => none.Snapshots.BeginFromAsync(ShopNode.Name));
        await Assert.ThrowsAsync<ArgumentException>(() => full.Node.Snapshots.BeginFromAsync("No!"));
    }

    [Fact]
    public async Task A_replica_whose_own_events_are_in_the_snapshot_has_lost_its_end()
    {
        var all = _forks.Write(X, [], 8);
        var full = await OpenAsync(all);
        await full.PublishAsync();
        var restored = await OpenAsync(all[..5], X);
        restored.Node.Tail.Should().Be(TailStatus.Unwitnessed);
        await restored.TakeAsync(full);

        await ShouldRefuseAsync(restored, BeginEnd.TailLost, X);

        (restored.Node.Tail, restored.Node.CanWrite).Should().Be((TailStatus.Lost, false));
        await restored.Node.BeginIncarnationAsync();
        var report = await restored.Node.Snapshots.BeginFromAsync(ShopNode.Name);
        (report.End, restored.Node.Clock[X]).Should().Be((BeginEnd.Begun, 8), "what was written before is a log like others");
        report.LeftAside.Should().Equal(new Dot(X, 5));
        await restored.BuildAsync();
        await restored.Node.WriteAsync(Some.Envelope());
        await full.MeetAsync(restored);
        await full.ShouldAgreeWithAsync(restored);
    }

    [Theory]
    [InlineData(6, false)] // the event stands in the middle of the log here
    [InlineData(6, true)]
    [InlineData(9, false)] // it is the last one here
    public async Task An_end_that_contradicts_what_is_here_is_refused(int theirs, bool isOwn)
    {
        var common = _forks.Write(X, [], 4);
        var full = await OpenAsync(_forks.Write(X, common, theirs - 4));
        await full.PublishAsync();
        var node = await OpenAsync(_forks.Write(X, common, 5), isOwn ? X : null);

        // A taker refuses ends that it can compare; what it has taken may have been there before.
        await node.InstallAsync(full);

        await ShouldRefuseAsync(node, BeginEnd.Forked, X);

        node.Node.Tail.Should().Be(isOwn ? TailStatus.Forked : TailStatus.Sound);
    }

    [Fact]
    public async Task An_end_behind_which_a_log_begins_is_compared_as_well()
    {
        var common = _forks.Write(X, [], 4);
        var branch = _forks.Write(X, common, 2);
        var (one, other) = (await OpenAsync(branch), await OpenAsync(_forks.Write(X, common, 2)));
        await one.PublishAsync();
        await other.PublishAsync();
        var begun = await OpenAsync([], Some.Origin(5));
        (await begun.BeginFromAsync(one)).End.Should().Be(BeginEnd.Begun);
        await begun.BuildAsync();
        await begun.MeetAsync(await OpenAsync(_forks.Write(X, branch, 3)));
        begun.Node.Clock[X].Should().Be(9);
        await begun.InstallAsync(other);

        await ShouldRefuseAsync(begun, BeginEnd.Forked, X);

        var met = await begun.MeetAsync(other);
        met.Called.Forks.Should().Equal([X], "rounds find it too");
    }

    [Fact]
    public async Task An_end_of_the_future_and_too_many_logs_are_refused()
    {
        _time.Advance(TimeSpan.FromHours(1));
        var future = await OpenAsync(_forks.Write(X, [], 3));
        await future.PublishAsync();
        var sober = await ShopNode.OpenAsync(new ManualTime(Some.Noon));
        _opened.Add(sober);
        await sober.TakeAsync(future);
        await ShouldRefuseAsync(sober, BeginEnd.ClockTooFarAhead, X);
        (await sober.Node.WriteAsync(Some.Envelope())).Event.Time.UnixMilliseconds
            .Should().Be(Some.Noon.ToUnixTimeMilliseconds(), "its clock did not follow");

        var small = await ShopNode.OpenAsync(
            _time, change: options => options.Replica = new ReplicaOptions { MaxOrigins = 1, ContinueUnwitnessed = true });
        _opened.Add(small);
        var two = await OpenAsync(_forks.Write(Some.Origin(8), _forks.Write(X, [], 3), 3));
        await two.PublishAsync();
        await small.TakeAsync(two);
        await ShouldRefuseAsync(small, BeginEnd.TooManyOrigins, because: null);
    }

    [Fact]
    public async Task What_is_damaged_is_not_begun_from_and_not_compared()
    {
        var full = await OpenAsync([], X);
        await full.WriteAsync(30);
        var manifest = await full.PublishAsync();
        var begun = await OpenAsync([], Some.Origin(5));
        await begun.TakeAsync(full);
        await begun.Snapshots.WriteChunkAsync(ShopNode.Name, manifest.Chunks[0], new byte[manifest.Chunks[0].Length]);
        await ShouldRefuseAsync(begun, BeginEnd.SnapshotDamaged, because: null);
        (await begun.BeginFromAsync(full)).End.Should().Be(BeginEnd.Begun, "it was taken again");
    }

    [Theory]
    [InlineData(50, BeginEnd.AlreadyThere)] // the event that is to be compared
    [InlineData(80, BeginEnd.Begun)] // the end of the log, which is cut there then
    public async Task A_log_that_is_damaged_is_neither_compared_nor_begun(int damaged, BeginEnd healed)
    {
        var events = new RottenEventStore(new InMemoryEventStore(timeProvider: _time));
        var all = _forks.Write(X, [], 90);
        var full = await OpenAsync(all[..(damaged == 50 ? 50 : 90)]);
        await full.PublishAsync();
        var node = await OpenAsync(all[..80], store: () => new EventStoreReplicaStore(events, _time));
        await node.TakeAsync(full);
        events.Rot(OriginNames.Log(X), damaged);
        using (var cut = await OpenAgainAsync())
        {
            var report = await cut.Snapshots.BeginFromAsync(ShopNode.Name);
            (report.End, report.Because).Should().Be((BeginEnd.LogDamaged, X));
            (cut.Clock[X], cut.BeginsBehind.Count).Should().Be((damaged == 50 ? 80 : 79, 0));
        }

        events.Heal(OriginNames.Log(X), damaged);
        using var whole = await OpenAgainAsync();
        (await whole.Snapshots.BeginFromAsync(ShopNode.Name)).End.Should().Be(healed);

        Task<ReplicaNode> OpenAgainAsync() => ReplicaNode.OpenAsync(
            new EventStoreReplicaStore(events, _time),
            new ReplicaNodeOptions { Sync = SessionSide.Options(), Snapshots = node.Snapshots },
            _time);
    }

    [Fact]
    public async Task A_branch_is_given_up_behind_a_beginning_and_not_before_it()
    {
        var common = _forks.Write(X, [], 6);
        var published = await OpenAsync(common);
        await published.PublishAsync();
        var (shorter, longer) = (_forks.Write(X, common, 3), _forks.Write(X, common, 5));
        var begun = await OpenAsync([], Some.Origin(5));
        await begun.BeginFromAsync(published);
        await begun.BuildAsync();
        await begun.MeetAsync(await OpenAsync(shorter));
        var full = await OpenAsync(longer);
        begun.Node.Branches.Adopt(X);
        (await begun.MeetAsync(full)).Called.BranchesAdopted.Should().Equal(new AdoptedBranch(X, 7, 9));
        await begun.BuildAsync();
        await begun.MeetAsync(full);
        begun.Node.Clock.Should().Be(full.Node.Clock);
        (await begun.MeetAsync(full)).Called.Mode.Should().Be(SyncMode.InSync);
        begun.Node.Clock[X].Should().Be(11);

        // A branch that parts before it cannot stand on what the snapshot is of.
        var other = await OpenAsync(_forks.Write(X, common[..4], 10));
        (await begun.MeetAsync(other)).Called.Forks.Should().Equal(X);
        begun.Node.Branches.Adopt(X);
        var report = (await begun.MeetAsync(other)).Called;
        (report.BranchesAdopted.Count, report.BranchesKept[X]).Should().Be((0, BranchRefusal.BeginsLater));
        (await begun.MeetAsync(full)).Called.Mode.Should().Be(SyncMode.InSync);
    }

    private static async Task ShouldRefuseAsync(ShopNode node, BeginEnd end, Origin? because)
    {
        var (clock, begins, ends) = (node.Node.Clock, node.Node.BeginsBehind, await node.EndsAsync());

        var report = await node.Node.Snapshots.BeginFromAsync(ShopNode.Name);

        (report.End, report.Because, report.Begun.Count, report.LeftAside.Count).Should().Be((end, because, 0, 0));
        (node.Node.Clock, node.Node.BeginsBehind).Should().Be((clock, begins));
        (await node.EndsAsync()).Should().Equal(ends);
        node.Node.DeliveryStopped.Should().BeNull();
    }

    private async Task<ShopNode> OpenAsync(
        IReadOnlyList<DeliveredEvent> known, Origin? self = null, Func<IReplicaStore>? store = null)
    {
        var memory = new InMemoryReplicaStore();
        store ??= () => memory;
        await store().WriteIdentityAsync(new ReplicaIdentity(self ?? new Origin(ReplicaId.Create(_time), 7), string.Empty));
        await store().AppendAsync(known);
        var node = await ShopNode.OpenAsync(_time, store);
        _opened.Add(node);
        return node;
    }
}
