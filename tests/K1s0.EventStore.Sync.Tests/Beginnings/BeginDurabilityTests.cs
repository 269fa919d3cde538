using K1s0.EventStore.Conformance;
using K1s0.EventStore.Sync.Simulation;
using K1s0.EventStore.Sync.Snapshots;
using K1s0.EventStore.Sync.Snapshots.Tests;
using K1s0.EventStore.Sync.Tests;

namespace K1s0.EventStore.Sync.Beginnings.Tests;

/// <summary>Stores that fail while a replica begins, and what is damaged or repaired afterwards.</summary>
public sealed class BeginDurabilityTests : IDisposable
{
    private readonly ManualTime _time = new(Some.Noon);
    private readonly List<IDisposable> _opened = [];

    public void Dispose() => _opened.ForEach(one => one.Dispose());

    [Theory]
    [InlineData(true, false)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    [InlineData(false, true)]
    public async Task A_store_that_fails_leaves_all_as_it_was_or_all_begun(bool isStored, bool dies)
    {
        var (full, other) = (await OpenAsync(), await OpenAsync());
        var events = new BreakingEventStore(new InMemoryEventStore(timeProvider: _time));
        var node = await OpenAsync(() => new EventStoreReplicaStore(events, _time));
        await other.WriteAsync(20);
        await node.MeetAsync(other); // it has part of what it begins with
        await node.WriteAsync(2);
        await full.WriteAsync(90);
        await other.WriteAsync(10);
        await full.MeetAsync(other);
        var published = await full.PublishAsync();
        await full.WriteAsync(3);
        await node.TakeAsync(full);
        (events.FailsBefore, events.FailsBehind) = (
            appends => !isStored && IsBeginning(appends), appends => isStored && IsBeginning(appends));

        await Assert.ThrowsAsync<IOException>(() => node.Node.Snapshots.BeginFromAsync(ShopNode.Name));

        (events.FailsBefore, events.FailsBehind) = (_ => false, _ => false);
        if (dies)
        {
            await node.RestartAsync();
        }
        else
        {
            // Whoever comes next reads the store anew; where that fails too, the one behind it.
            events.Unreadable = 1;
            await Assert.ThrowsAsync<IOException>(() => node.WriteAsync(1));
            (await Record.ExceptionAsync(() => node.WriteAsync(1)) is DeliveryStoppedException).Should().Be(
                isStored, "a view lacks what the snapshot has");
        }

        node.Node.BeginsBehind.Should().Be(isStored ? published.Clock : VectorClock.Empty, "all logs that were shorter, or none");
        (node.Node.Clock[full.Node.Self], node.Node.Clock[other.Node.Self]).Should().Be(isStored ? (90, 30) : (0, 20));
        (await node.Node.Snapshots.BeginFromAsync(ShopNode.Name)).End
            .Should().Be(isStored ? BeginEnd.AlreadyThere : BeginEnd.Begun, "calling it again ends it");
        node.Node.Clock.Covers(published.Clock).Should().BeTrue();
        await node.BuildAsync();
        await node.MeetAsync(full);
        await node.ShouldAgreeWithAsync(full);
        await node.RestartAsync();
        await node.ShouldAgreeWithAsync(full);

        static bool IsBeginning(IReadOnlyCollection<StreamAppend> appends) =>
            appends.Any(append => append.StreamId.AggregateId is "beginnings");
    }

    [Fact]
    public async Task Many_heads_take_several_notes_that_stand_for_nothing_alone()
    {
        var disk = new InMemoryEventStore(timeProvider: _time);
        var events = new RottenEventStore(disk);
        OriginHead[] heads = [.. Enumerable.Range(1, 1_000).Select(number => SomeSnapshots.Head(number, number + 5))];
        var manifest = SomeSnapshots.Manifest(SomeSnapshots.State(500), heads);
        var store = new EventStoreReplicaStore(events, _time);
        Origin[] logs = [.. heads.Where((_, at) => at % 3 == 0).Select(head => head.Last.Origin)];

        await store.BeginAsync(manifest, logs);

        var notes = new StreamId("k1s0-sync", "beginnings");
        var count = (await disk.GetHeadAsync(notes)).Version.Value;
        count.Should().BeGreaterThan(3);
        foreach (var one in new[] { store, new EventStoreReplicaStore(events, _time) })
        {
            (await one.ReadHeadsAsync()).Select(head => (head.Last, head.Hash, head.BeginsBehind!.Last)).Should().BeEquivalentTo(
                heads.Where((_, at) => at % 3 == 0).Select(head => (head.Last, head.Hash, head.Last)));
        }

        for (var version = 1; version <= count; version++)
        {
            events.Rot(notes, version);
            await Assert.ThrowsAsync<InvalidFormatException>(() => new EventStoreReplicaStore(events, _time).ReadHeadsAsync());
            events.Heal(notes, version);
        }
    }

    [Fact]
    public async Task Damage_behind_a_beginning_comes_back_and_what_is_before_it_is_nobodys_damage()
    {
        var (disk, rotten) = (new InMemoryEventStore(timeProvider: _time), new InMemoryEventStore(timeProvider: _time));
        var (fullEvents, events) = (new RottenEventStore(disk), new RottenEventStore(rotten));
        var full = await OpenAsync(() => new EventStoreReplicaStore(fullEvents, _time));
        await full.WriteAsync(100);
        await full.PublishAsync();
        await full.WriteAsync(150);
        var begun = await OpenAsync(() => new EventStoreReplicaStore(events, _time));
        await begun.BeginFromAsync(full);
        await begun.BuildAsync();
        await begun.MeetAsync(full);
        var whole = await OpenAsync();
        await whole.MeetAsync(full);

        // The first behind the beginning, some in the middle, and the end, of which the context is read.
        foreach (var sequence in new long[] { 101, 130, 131 })
        {
            events.Rot(OriginNames.Log(full.Node.Self, before: 100), sequence - 100);
        }

        (await begun.Node.ScrubAsync()).Damaged.Select(dot => dot.Sequence).Should().BeEquivalentTo([101, 130, 131]);
        var report = (await begun.MeetAsync(full)).Called;
        (report.EventsRepaired, report.RepairsRefused, begun.Node.Damaged.Count).Should().Be((3, 0, 0));
        await begun.RestartAsync();
        await begun.ShouldAgreeWithAsync(full);
        (await begun.Node.ScrubAsync()).Should().Match<ScrubReport>(scrub => scrub.EventsChecked == 150 && scrub.Damaged.Count == 0);

        // The other way round, the begun one gives what it has, and another the rest.
        foreach (var sequence in new long[] { 7, 100, 120 })
        {
            fullEvents.Rot(OriginNames.Log(full.Node.Self), sequence);
        }

        (await full.Node.ScrubAsync()).Damaged.Should().HaveCount(3);
        for (var round = 0; round < 2; round++)
        {
            report = (await full.MeetAsync(begun)).Called;
            (report.EventsRepaired, report.RepairsRefused).Should().Be((1 - round, 0), "and it comes to an end");
            full.Node.Damaged.Select(dot => dot.Sequence).Should().BeEquivalentTo([7, 100]);
        }

        (await full.MeetAsync(whole)).Called.EventsRepaired.Should().Be(2);
        (await full.MeetAsync(begun)).Called.Mode.Should().Be(SyncMode.InSync);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(28)]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData(128)]
    public async Task The_context_of_a_log_is_read_from_where_it_begins(int behind)
    {
        // A whole context stands at every 64th event; the log begins behind the 100th, and what its writer saw of one
        // log before that he does not see again.
        var (full, other, once) = (await OpenAsync(), await OpenAsync(), await OpenAsync());
        await other.WriteAsync(5);
        await once.WriteAsync(2);
        await full.MeetAsync(once);
        await full.MeetAsync(other);
        await full.WriteAsync(100);
        await full.PublishAsync();
        var disk = new RottenEventStore(new InMemoryEventStore(timeProvider: _time));
        var begun = await OpenAsync(() => new EventStoreReplicaStore(disk, _time));
        await begun.BeginFromAsync(full);
        await begun.BuildAsync();
        (await begun.EndsAsync()).Should().Equal(await full.EndsAsync(), "nothing is behind it yet");
        await other.WriteAsync(3);
        await full.MeetAsync(other);
        await full.WriteAsync(behind);
        await begun.MeetAsync(full);
        (await begun.EndsAsync()).Should().Equal(await full.EndsAsync());

        // Damage at the end cuts it there, where it begins at the most, and a peer gives it back.
        for (var at = 1; at <= behind; at++)
        {
            disk.Rot(OriginNames.Log(full.Node.Self, before: 100), at);
        }

        begun.Node.Dispose();
        using var cut = await ReplicaNode.OpenAsync(
            begun.Logs, new ReplicaNodeOptions { Sync = SessionSide.Options(), Snapshots = begun.Snapshots }, _time);
        (cut.Clock[full.Node.Self], cut.Damaged.Count).Should().Be((100, behind));
        (await ForkedLogs.MeetAsync(cut, full.Node)).Called.EventsReceived.Should().Be(behind);
        (await begun.EndsAsync()).Should().Equal(await full.EndsAsync());
    }

    [Fact]
    public async Task What_is_damaged_in_a_log_that_is_left_aside_is_asked_for_no_more()
    {
        var events = new RottenEventStore(new InMemoryEventStore(timeProvider: _time));
        var (full, node) = (await OpenAsync(), await OpenAsync(() => new EventStoreReplicaStore(events, _time)));
        await full.WriteAsync(80);
        await node.MeetAsync(full);
        await full.WriteAsync(10);
        await full.PublishAsync();
        events.Rot(OriginNames.Log(full.Node.Self), 7);
        (await node.Node.ScrubAsync()).Damaged.Should().Equal(new Dot(full.Node.Self, 7));

        var report = await node.BeginFromAsync(full);

        (report.End, report.LeftAside.Single().Sequence, node.Node.Damaged.Count).Should().Be((BeginEnd.Begun, 80, 0));
        await node.BuildAsync();
        (await node.MeetAsync(full)).Called.Mode.Should().Be(SyncMode.InSync);
        await node.ShouldAgreeWithAsync(full);
    }

    private async Task<ShopNode> OpenAsync(Func<IReplicaStore>? logs = null)
    {
        var node = await ShopNode.OpenAsync(_time, logs);
        _opened.Add(node);
        return node;
    }
}
