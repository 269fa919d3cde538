using K1s0.EventStore.Conformance;
using K1s0.EventStore.Sqlite;
using K1s0.EventStore.Sync.Snapshots;
using K1s0.EventStore.Sync.Tests;

namespace K1s0.EventStore.Sync.Beginnings.Tests;

/// <summary>Replicas that begin from a snapshot, without the events that went into it.</summary>
public sealed class BeginTests : IDisposable
{
    private readonly ManualTime _time = new(Some.Noon);
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("k1s0-begin-");
    private readonly List<IDisposable> _opened = [];

    public void Dispose()
    {
        _opened.ForEach(one => one.Dispose());
        _folder.Delete(recursive: true);
    }

    [Theory]
    [InlineData("memory")]
    [InlineData("events")]
    [InlineData("file")]
    [Trait("Row", "X06")]
    public async Task An_empty_replica_begins_from_a_snapshot_and_rounds_go_on_from_there(string kind)
    {
        await using var file = new SqliteStoreFile(new SqliteOptions { FilePath = Path.Combine(_folder.FullName, "node.db") });
        var (full, other) = (await OpenAsync(), await OpenAsync());
        await InterleaveAsync(full, other, 150);
        var published = await full.PublishAsync();
        await other.WriteAsync(7);
        await full.WriteAsync(5);
        await full.MeetAsync(other);
        var begun = await OpenAsync(StoreOf(kind, file));

        var report = await begun.BeginFromAsync(full);

        report.End.Should().Be(BeginEnd.Begun);
        report.Begun.Should().Equal(published.Clock.Entries.ToArray());
        report.LeftAside.Should().BeEmpty();
        (begun.Node.Clock, begun.Node.BeginsBehind).Should().Be((published.Clock, published.Clock));

        // The view lacks what the snapshot has, until it is built from that.
        begun.Node.DeliveryStopped!.Undelivered.Should().Contain("snapshot");
        await Assert.ThrowsAsync<DeliveryStoppedException>(() => begun.WriteAsync(1));
        await Assert.ThrowsAsync<InvalidOperationException>(() => begun.Node.ReadHistoryAsync().ToListAsync().AsTask());
        await begun.BuildAsync();
        begun.Node.DeliveryStopped.Should().BeNull();
        begun.Told.Should().Be(0);

        var (called, answered) = await begun.MeetAsync(full);
        (called.EventsReceived, called.EventsKnown, answered.EventsSent).Should().Be((12, 0, 12), "and nothing of what was before");
        called.Checkpoint.Should().Be(full.Node.Clock);
        (called.BeginLater.Count, answered.BeginLater.Count, begun.Told).Should().Be((0, 0, 12));
        await begun.ShouldAgreeWithAsync(full);
        (await begun.MeetAsync(full)).Called.Mode.Should().Be(SyncMode.InSync);

        // It writes, others build on that, and a third one that has the whole of every log takes it from here.
        await begun.WriteAsync(70);
        await begun.MeetAsync(full);
        await full.WriteAsync(70);
        await full.MeetAsync(begun);
        await other.MeetAsync(begun);
        await begun.ShouldAgreeWithAsync(full);
        await other.ShouldAgreeWithAsync(full);
        await begun.RestartAsync();
        begun.Node.BeginsBehind.Should().Be(published.Clock);
        await begun.ShouldAgreeWithAsync(full);
        begun.Told.Should().Be(152, "the snapshot has the rest");
        (await begun.PublishAsync()).ToArray().Should().Equal((await full.PublishAsync()).ToArray());
        (await begun.Node.ScrubAsync()).Should().Match<ScrubReport>(scrub =>
            scrub.EventsChecked == 152 && scrub.Damaged.Count == 0 && scrub.IsComplete);
        (await begun.MeetAsync(other)).Called.Mode.Should().Be(SyncMode.InSync);
        (await begun.Node.Snapshots.BeginFromAsync(ShopNode.Name)).End.Should().Be(BeginEnd.AlreadyThere);
    }

    [Theory]
    [InlineData(SyncRole.Initiator)]
    [InlineData(SyncRole.Responder)]
    public async Task Who_lacks_what_the_other_has_in_a_snapshot_only_is_told_and_gets_the_rest(SyncRole lacking)
    {
        var (full, apart) = (await OpenAsync(), await OpenAsync());
        await full.WriteAsync(20);
        await full.PublishAsync();
        var begun = await OpenAsync();
        await begun.BeginFromAsync(full);
        await begun.BuildAsync();
        await apart.WriteAsync(9); // has seen nothing
        await begun.MeetAsync(apart);
        await begun.WriteAsync(4); // has seen all
        var empty = await OpenAsync();

        for (var round = 0; round < 2; round++)
        {
            var met = lacking is SyncRole.Initiator ? await empty.MeetAsync(begun) : await begun.MeetAsync(empty);
            var (mine, theirs) = lacking is SyncRole.Initiator ? met : (met.Answered, met.Called);

            (mine.BeginLater, theirs.BeginLater).Should().BeEquivalentTo(
                (new[] { full.Node.Self }, new[] { full.Node.Self }), "both sides are told");
            mine.Lacking.Should().BeEquivalentTo([full.Node.Self, begun.Node.Self], "one builds on the other");
            (mine.EventsReceived, theirs.EventsSent).Should().Be((9 - (9 * round), 9 - (9 * round)), "what does not build on it");
            (mine.Checkpoint, theirs.Checkpoint).Should().Be((null, null));
            (mine.EventsRefused.Count, mine.Forks.Count).Should().Be((0, 0));
        }

        // Either from one that has it, or from the snapshot, which the begun one gives too.
        var other = await OpenAsync();
        await other.MeetAsync(full);
        (await other.MeetAsync(begun)).Called.BeginLater.Should().BeEmpty();
        await other.ShouldAgreeWithAsync(begun);
        (await empty.BeginFromAsync(begun)).End.Should().Be(BeginEnd.Begun);
        await empty.BuildAsync();
        (await empty.MeetAsync(begun)).Called.EventsReceived.Should().Be(4);
        await empty.ShouldAgreeWithAsync(begun);
        await full.MeetAsync(empty);
        await full.ShouldAgreeWithAsync(begun);
        (await full.MeetAsync(begun)).Called.Mode.Should().Be(SyncMode.InSync);
    }

    [Theory]
    [InlineData("memory")]
    [InlineData("events")]
    [InlineData("file")]
    public async Task Who_is_behind_a_later_beginning_begins_again_and_leaves_aside_what_it_has(string kind)
    {
        await using var file = new SqliteStoreFile(new SqliteOptions { FilePath = Path.Combine(_folder.FullName, "node.db") });
        var (full, other) = (await OpenAsync(), await OpenAsync());
        await InterleaveAsync(full, other, 30);
        await full.PublishAsync();
        var (early, late) = (await OpenAsync(StoreOf(kind, file)), await OpenAsync());
        await early.BeginFromAsync(full);
        await early.BuildAsync();
        await full.WriteAsync(10);
        await early.MeetAsync(full); // holds 10 behind its beginning, and all that the other wrote
        await early.WriteAsync(3);
        await full.WriteAsync(10);
        var published = await full.PublishAsync();
        await full.WriteAsync(2);
        await late.BeginFromAsync(full);
        await late.BuildAsync();
        await late.WriteAsync(1);

        var (called, answered) = await early.MeetAsync(late);
        called.BeginLater.Should().Equal(full.Node.Self);
        (called.EventsReceived, answered.EventsReceived).Should().Be((0, 3), "what it lacks is in a snapshot; what it has moves");

        var held = early.Node.Clock[full.Node.Self];
        var report = await early.BeginFromAsync(late);
        report.End.Should().Be(BeginEnd.Begun);
        report.Begun.Should().Equal(new Dot(full.Node.Self, published.Clock[full.Node.Self]));
        report.LeftAside.Should().Equal(new Dot(full.Node.Self, held));
        await early.BuildAsync();
        early.Told.Should().Be(3, "its own are in no snapshot yet");
        (await early.MeetAsync(late)).Called.EventsReceived.Should().Be(1);
        await early.ShouldAgreeWithAsync(late);
        await early.RestartAsync();
        await early.ShouldAgreeWithAsync(late);
        await early.MeetAsync(full);
        await late.MeetAsync(full);
        await early.ShouldAgreeWithAsync(full);
        await late.ShouldAgreeWithAsync(full);
        (await early.Node.ScrubAsync()).Damaged.Should().BeEmpty();

        // Views cannot be built from a snapshot that ends before the logs begin.
        var older = SnapshotFormat.Create(new SnapshotHeader(ShopNode.Name, 1, 0, [SomeHead(early, full)]), []);
        await Assert.ThrowsAsync<InvalidOperationException>(
            () => early.Node.Snapshots.ReadEventsAfterAsync(older).ToListAsync().AsTask());
    }

    [Fact]
    public async Task A_replica_that_holds_part_of_every_log_keeps_what_goes_on_behind_the_snapshot()
    {
        var random = SeededRandom.Create();
        for (var run = 0; run < 15; run++)
        {
            // One knows some of it when the snapshot is made, and hears of more from others before it begins.
            var (full, other, begun) = (await OpenAsync(), await OpenAsync(), await OpenAsync());
            await InterleaveAsync(full, other, random.Next(1, 40));
            await begun.WriteAsync(random.Next(3));
            if (random.Next(2) == 0)
            {
                await begun.MeetAsync(other);
            }

            await InterleaveAsync(full, other, random.Next(1, 40));
            await full.PublishAsync();
            await other.WriteAsync(random.Next(20));
            if (random.Next(2) == 0)
            {
                await begun.MeetAsync(other);
            }

            await begun.WriteAsync(random.Next(3));
            (await begun.BeginFromAsync(full)).End.Should().BeOneOf(BeginEnd.Begun, BeginEnd.AlreadyThere);
            await begun.BuildAsync();
            await other.WriteAsync(random.Next(20));
            await begun.MeetAsync(other);
            await full.MeetAsync(begun);
            await other.MeetAsync(full);

            await begun.ShouldAgreeWithAsync(full);
            await other.ShouldAgreeWithAsync(full);
            await begun.RestartAsync();
            await begun.ShouldAgreeWithAsync(full);
        }
    }

    [Fact]
    public async Task A_session_that_is_under_way_ends_and_the_next_one_brings_what_it_would_have()
    {
        var full = await OpenAsync();
        await full.WriteAsync(40);
        await full.PublishAsync();
        await full.WriteAsync(5);
        var begun = await OpenAsync();
        await begun.TakeAsync(full);
        var (left, right) = InMemorySyncTransport.CreatePair();
        await using var gated = new GatedTransport(left);
        var answering = full.Node.SynchroniseAsync(right, SyncRole.Responder);
        var session = begun.Node.SynchroniseAsync(gated, SyncRole.Initiator);

        // Its vector is told by then, and the events that it asks for are on their way.
        await gated.HoldsEvents;
        (await begun.Node.Snapshots.BeginFromAsync(ShopNode.Name)).End.Should().Be(BeginEnd.Begun);
        gated.Release();

        (await session).Reason.Should().Be(SyncEndReason.StoreIncomplete);
        await answering;
        begun.Node.Clock[full.Node.Self].Should().Be(40);
        await begun.BuildAsync();
        (await begun.MeetAsync(full)).Called.EventsReceived.Should().Be(5);
        await begun.ShouldAgreeWithAsync(full);
    }

    [Fact]
    public async Task Whatever_comes_while_it_begins_it_ends_with_what_the_others_have()
    {
        var (full, begun) = (await OpenAsync(), await OpenAsync());
        await full.WriteAsync(200);
        await full.PublishAsync();
        await full.WriteAsync(100);
        await begun.TakeAsync(full);

        // Which of them is first is nobody's to say.
        var meetings = Task.Run(async () =>
        {
            for (var i = 0; i < 5; i++)
            {
                var (left, right) = InMemorySyncTransport.CreatePair();
                var answering = full.Node.SynchroniseAsync(right, SyncRole.Responder);
                var outcome = await begun.Node.SynchroniseAsync(left, SyncRole.Initiator);
                await answering;
                outcome.Reason.Should().BeOneOf(SyncEndReason.Completed, SyncEndReason.StoreIncomplete);
            }
        });
        var report = await begun.Node.Snapshots.BeginFromAsync(ShopNode.Name);
        await meetings;

        report.End.Should().BeOneOf(BeginEnd.Begun, BeginEnd.AlreadyThere);
        await begun.BuildAsync();
        await begun.MeetAsync(full);
        await begun.ShouldAgreeWithAsync(full);
        await begun.RestartAsync();
        await begun.ShouldAgreeWithAsync(full);
    }

    private static OriginHead SomeHead(ShopNode node, ShopNode writer) => node.Node.BeginsBehind[writer.Node.Self] is var at and > 1
        ? new OriginHead(new Dot(writer.Node.Self, at - 1), default, new HybridTime(1), VectorClock.Empty)
        : throw new InvalidOperationException("It does not begin behind that log.");

    private static async Task InterleaveAsync(ShopNode one, ShopNode other, int count)
    {
        for (var i = 0; i < 3; i++)
        {
            await one.WriteAsync(count);
            await other.WriteAsync(count / 2);
            await one.MeetAsync(other);
        }
    }

    private Func<IReplicaStore> StoreOf(string kind, SqliteStoreFile file)
    {
        var (memory, events) = (new InMemoryReplicaStore(), new InMemoryEventStore(timeProvider: _time));
        return kind switch
        {
            "memory" => () => memory,
            "events" => () => new EventStoreReplicaStore(events, _time),
            _ => () => new EventStoreReplicaStore(new SqliteEventStore(file), _time),
        };
    }

    private async Task<ShopNode> OpenAsync(Func<IReplicaStore>? logs = null)
    {
        var node = await ShopNode.OpenAsync(_time, logs);
        _opened.Add(node);
        return node;
    }
}
