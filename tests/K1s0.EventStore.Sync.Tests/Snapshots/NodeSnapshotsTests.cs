using System.Net;
using K1s0.EventStore.Sync.Tests;

namespace K1s0.EventStore.Sync.Snapshots.Tests;

/// <summary>Nodes that publish a view, and nodes that begin with it.</summary>
public sealed class NodeSnapshotsTests : IDisposable
{
    private const string Name = SomeSnapshots.Name;

    private readonly List<IDisposable> _opened = [];
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("k1s0-snapshots-");

    public void Dispose()
    {
        _opened.ForEach(one => one.Dispose());
        _folder.Delete(recursive: true);
    }

    [Fact]
    [Trait("Row", "X06")]
    public async Task A_node_that_takes_a_snapshot_applies_only_what_came_after_it()
    {
        var (view, node) = await OpenAsync();
        await WriteAsync(node, 0, 300);
        var published = await node.Snapshots.PublishAsync(Name, 1, view.Capture);
        await WriteAsync(node, 300, 25);
        var (_, joining) = await OpenAsync();

        var outcome = await TakeAsync(joining, node);
        outcome.Snapshot!.End.Should().Be(SnapshotEnd.Installed);
        var snapshot = await joining.Snapshots.ReadAsync(Name);
        snapshot!.Manifest.ToArray().Should().Equal(published.ToArray());
        var begun = await StockView.LoadAsync(snapshot);
        begun.Values.Should().NotEqual(view.Values).And.HaveCount(100);

        // What was there when it began, and what comes later.
        await SynchroniseAsync(joining, node);
        await foreach (var delivered in joining.Snapshots.ReadEventsAfterAsync(snapshot.Manifest))
        {
            begun.Apply(delivered);
        }

        begun.Applied.Should().Be(25, "the state holds the first 300");
        begun.Values.Should().Equal(view.Values);

        // The next snapshot builds on the last one: few chunks, and again only what came after.
        await WriteAsync(node, 0, 1);
        await node.Snapshots.PublishAsync(Name, 1, view.Capture);
        (await TakeAsync(joining, node)).Snapshot!.End.Should().Be(SnapshotEnd.Installed);
        await WriteAsync(node, 1, 2);
        await SynchroniseAsync(joining, node);
        var next = await joining.Snapshots.ReadAsync(Name);
        var later = await StockView.LoadAsync(next!);
        await foreach (var delivered in joining.Snapshots.ReadEventsAfterAsync(next!.Manifest))
        {
            later.Apply(delivered);
        }

        later.Applied.Should().Be(2);
        later.Values.Should().Equal(view.Values);
    }

    [Fact]
    public async Task Events_behind_a_frontier_come_with_the_context_that_their_writers_had()
    {
        var (_, one) = await OpenAsync();
        var (_, two) = await OpenAsync();
        await WriteAsync(one, 0, 3);
        await SynchroniseAsync(two, one);
        await WriteAsync(two, 0, 3);
        await SynchroniseAsync(one, two);
        var manifest = await one.Snapshots.PublishAsync(Name, 1, () => []);
        await WriteAsync(two, 3, 2);
        await WriteAsync(one, 3, 2);
        await SynchroniseAsync(one, two);
        var whole = await one.ReadHistoryAsync().ToListAsync();

        var after = await one.Snapshots.ReadEventsAfterAsync(manifest).ToListAsync();

        after.Select(delivered => delivered.Event.Dot)
            .Should().BeEquivalentTo(whole.Select(delivered => delivered.Event.Dot).Where(dot => !manifest.Clock.Covers(dot)));
        after.Should().HaveCount(4);
        foreach (var delivered in after)
        {
            delivered.Context.Should().Be(whole.Single(other => other.Event.Dot == delivered.Event.Dot).Context);
        }
    }

    [Fact]
    public async Task Two_nodes_that_know_the_same_publish_the_same_bytes()
    {
        var (oneView, one) = await OpenAsync();
        var (twoView, two) = await OpenAsync();
        await WriteAsync(one, 0, 40);
        await WriteAsync(two, 50, 40);
        await SynchroniseAsync(one, two);

        var mine = await one.Snapshots.PublishAsync(Name, 1, oneView.Capture);
        var theirs = await two.Snapshots.PublishAsync(Name, 1, twoView.Capture);

        theirs.ToArray().Should().Equal(mine.ToArray());
        (await TakeAsync(one, two)).Snapshot!.End.Should().Be(SnapshotEnd.AlreadyInstalled);
        (await one.Snapshots.PublishAsync(Name, 1, oneView.Capture)).Root.Should().Be(mine.Root, "nothing has changed");
    }

    [Fact]
    public async Task Over_TCP_with_a_shared_key_a_listener_gives_snapshots_and_rounds()
    {
        var (view, node) = await OpenAsync();
        await WriteAsync(node, 0, 50);
        await node.Snapshots.PublishAsync(Name, 1, view.Capture);
        var (_, joining) = await OpenAsync(new DirectorySnapshotChunkStore(_folder.FullName));
        await using var listener = TcpSyncListener.Start(node, new IPEndPoint(IPAddress.Loopback, 0));

        var outcome = await joining.Snapshots.TakeAsync(await TcpSyncListener.ConnectAsync(listener.LocalEndPoint), Name, 1);
        var round = await joining.SynchroniseAsync(await TcpSyncListener.ConnectAsync(listener.LocalEndPoint), SyncRole.Initiator);

        (outcome.Reason, outcome.Snapshot!.End).Should().Be((SyncEndReason.Completed, SnapshotEnd.Installed));
        round.IsCompleted.Should().BeTrue();
        round.Snapshot.Should().BeNull();
        (await StockView.LoadAsync((await joining.Snapshots.ReadAsync(Name))!)).Values.Should().Equal(view.Values);
    }

    [Fact]
    public async Task Two_transfers_of_one_name_at_once_do_not_meet()
    {
        var (view, node) = await OpenAsync();
        await WriteAsync(node, 0, 50);
        await node.Snapshots.PublishAsync(Name, 1, view.Capture);
        var (_, joining) = await OpenAsync();
        var (left, right) = InMemorySyncTransport.CreatePair();
        var silent = joining.Snapshots.TakeAsync(left, Name, 1);

        var second = await TakeAsync(joining, node);

        second.Snapshot!.End.Should().Be(SnapshotEnd.Busy);
        (await joining.Snapshots.ReadAsync(Name)).Should().BeNull();
        await right.DisposeAsync();
        var cut = await silent;
        (cut.Reason, cut.Snapshot!.End).Should().Be((SyncEndReason.Disconnected, SnapshotEnd.Cut));
        (await TakeAsync(joining, node)).Snapshot!.End.Should().Be(SnapshotEnd.Installed, "the name is free again");
    }

    [Fact]
    public async Task A_node_without_a_store_gives_none_and_takes_none()
    {
        var (view, node) = await OpenAsync();
        await node.Snapshots.PublishAsync(Name, 1, view.Capture);
        var (_, plain) = await OpenAsync(hasStore: false);

        plain.Snapshots.AreKept.Should().BeFalse();
        (await TakeAsync(node, plain)).Reason.Should().Be(SyncEndReason.SnapshotsNotGiven);
        await FluentActions.Awaiting(() => TakeAsync(plain, node)).Should().ThrowAsync<InvalidOperationException>();
        await FluentActions.Awaiting(() => plain.Snapshots.ReadAsync(Name)).Should().ThrowAsync<InvalidOperationException>();
        await FluentActions.Awaiting(() => plain.Snapshots.PublishAsync(Name, 1, () => [])).Should().ThrowAsync<InvalidOperationException>();
    }

    [Fact]
    public async Task What_cannot_be_published_leaves_what_was_published_before()
    {
        var (view, node) = await OpenAsync();
        await WriteAsync(node, 0, 5);
        var manifest = await node.Snapshots.PublishAsync(Name, 1, view.Capture);
        await WriteAsync(node, 5, 5);
        SnapshotEntry entry = new(new byte[] { 1 }, default);

        await FluentActions.Awaiting(() => node.Snapshots.PublishAsync("No!", 1, view.Capture)).Should().ThrowAsync<ArgumentException>();
        await FluentActions.Awaiting(() => node.Snapshots.PublishAsync(Name, 0, view.Capture)).Should().ThrowAsync<ArgumentException>();
        await FluentActions.Awaiting(() => node.Snapshots.PublishAsync(Name, 1, () => [entry, entry])).Should().ThrowAsync<ArgumentException>();
        await FluentActions.Awaiting(() => node.Snapshots.PublishAsync(Name, 1, () => throw new NotSupportedException()))
            .Should().ThrowAsync<NotSupportedException>();

        (await node.Snapshots.ReadAsync(Name))!.Manifest.Root.Should().Be(manifest.Root);
        (await StockView.LoadAsync((await node.Snapshots.ReadAsync(Name))!)).Values.Should().HaveCount(5);
        (await node.Snapshots.PublishAsync(Name, 1, view.Capture)).EntryCount.Should().Be(10);
        await FluentActions.Awaiting(() => node.Snapshots.PublishAsync(Name, 1, () => [entry]))
            .Should().ThrowAsync<InvalidOperationException>("the same events would have two states");
    }

    [Fact]
    public async Task What_a_newer_program_installed_is_left_alone_and_nothing_is_written_beside_it()
    {
        using var store = new DirectorySnapshotChunkStore(_folder.FullName);
        await SomeSnapshots.PublishAsync(store, SomeSnapshots.State(2_000), SomeSnapshots.Head(1, 5));
        var installed = Path.Combine(_folder.FullName, Name, "installed");
        var manifest = await File.ReadAllBytesAsync(installed);
        manifest[0]++;
        await File.WriteAllBytesAsync(installed, manifest);
        var files = Files();

        await FluentActions.Awaiting(() => SomeSnapshots.PublishAsync(
            store, SomeSnapshots.State(3_000, seed: 8), SomeSnapshots.Head(1, 6)))
            .Should().ThrowAsync<UnsupportedFormatException>();

        Files().Should().Equal(files);
        (await File.ReadAllBytesAsync(installed)).Should().Equal(manifest);
    }

    [Fact]
    public async Task Why_nothing_was_published_is_said_also_where_the_store_fails_behind_it()
    {
        using var store = new DirectorySnapshotChunkStore(_folder.FullName);

        await FluentActions.Awaiting(() => SomeSnapshots.PublishAsync(store, EntriesThatFail(), SomeSnapshots.Head(1, 5)))
            .Should().ThrowAsync<InvalidDataException>();

        Files().Should().NotBeEmpty("the chunks could not be removed");
        Directory.Delete(Path.Combine(_folder.FullName, Name, "installed"));
        var (manifest, _) = await SomeSnapshots.PublishAsync(store, SomeSnapshots.State(10), SomeSnapshots.Head(1, 5));
        Directory.GetFiles(Path.Combine(_folder.FullName, Name, "chunks")).Should().HaveCount(manifest.Chunks.Count);

        // A directory in the place of the manifest: nobody reads that.
        IEnumerable<KeyValuePair<string, string>> EntriesThatFail()
        {
            foreach (var entry in SomeSnapshots.State(2_000))
            {
                yield return entry;
            }

            Directory.CreateDirectory(Path.Combine(_folder.FullName, Name, "installed"));
            throw new InvalidDataException("The view cannot be read.");
        }
    }

    [Fact]
    public async Task A_directory_keeps_snapshots_and_lets_one_in_at_a_time()
    {
        var state = SomeSnapshots.State(2_000);
        var store = new DirectorySnapshotChunkStore(_folder.FullName);
        var (manifest, _) = await SomeSnapshots.PublishAsync(store, state, SomeSnapshots.Head(1, 5));
        FluentActions.Invoking(() => new DirectorySnapshotChunkStore(_folder.FullName)).Should().Throw<StoreUnavailableException>();
        store.Dispose();
        var chunks = Path.Combine(_folder.FullName, Name, "chunks");
        await File.WriteAllTextAsync(Path.Combine(chunks, $"{manifest.Chunks[0].Digest}.part"), "cut");
        await File.WriteAllTextAsync(Path.Combine(chunks, "foreign"), "left alone");

        using var again = new DirectorySnapshotChunkStore(_folder.FullName);

        (await SomeSnapshots.ReadAsync(again)).Should().Equal(state);
        Directory.GetFiles(chunks).Should().HaveCount(manifest.Chunks.Count + 1);
        var longer = manifest.Chunks[0];
        await again.WriteChunkAsync(Name, longer, new byte[longer.Length + 1]);
        (await again.ReadChunkAsync(Name, longer)).Should().BeNull("it cannot be it");
        (await again.ReadInstalledAsync("other")).Should().BeNull();
        (await again.ReadDigestsAsync("other")).Should().BeEmpty();
        await FluentActions.Awaiting(() => again.ReadInstalledAsync("../other")).Should().ThrowAsync<ArgumentException>();
    }

    [Fact]
    public async Task Names_are_durable_in_the_order_that_the_promise_needs()
    {
        var flushed = new List<string>();
        using var store = new DirectorySnapshotChunkStore(_folder.FullName, directory => flushed.Add(
            $"{Path.GetFileName(directory)}, installed: {File.Exists(Path.Combine(_folder.FullName, Name, "installed"))}"));

        await SomeSnapshots.PublishAsync(store, SomeSnapshots.State(100), SomeSnapshots.Head(1, 5));

        flushed[^2..].Should().Equal("chunks, installed: False", $"{Name}, installed: True");
    }

    private string[] Files() =>
        [.. Directory.GetFiles(_folder.FullName, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];

    private static async Task WriteAsync(ReplicaNode node, int from, int count)
    {
        for (var i = from; i < from + count; i++)
        {
            await node.WriteAsync(StockView.Change(SomeSnapshots.Key(i % 100), $"{i}"));
        }
    }

    private static async Task<SyncOutcome> TakeAsync(ReplicaNode taker, ReplicaNode giver)
    {
        var (left, right) = InMemorySyncTransport.CreatePair();
        var giving = giver.SynchroniseAsync(right, SyncRole.Responder);
        var outcome = await taker.Snapshots.TakeAsync(left, Name, 1);
        await giving;
        return outcome;
    }

    private static async Task SynchroniseAsync(ReplicaNode caller, ReplicaNode called)
    {
        var (left, right) = InMemorySyncTransport.CreatePair();
        var answering = called.SynchroniseAsync(right, SyncRole.Responder);
        (await caller.SynchroniseAsync(left, SyncRole.Initiator)).IsCompleted.Should().BeTrue();
        await answering;
    }

    private async Task<(StockView View, ReplicaNode Node)> OpenAsync(ISnapshotChunkStore? store = null, bool hasStore = true)
    {
        var view = new StockView();
        var node = await ReplicaNode.OpenAsync(new InMemoryReplicaStore(), new ReplicaNodeOptions
        {
            Sync = SessionSide.Options(),
            Snapshots = hasStore ? store ?? new InMemorySnapshotChunkStore() : null,
            OnDelivered = view.Apply,
        });
        _opened.Add(node);
        if (store is IDisposable disposable)
        {
            _opened.Add(disposable);
        }

        return (view, node);
    }
}
