using K1s0.EventStore.Conformance;
using K1s0.EventStore.Sync.Snapshots;
using K1s0.EventStore.Sync.Tests;
using Shop = K1s0.EventStore.Sync.Simulation.Shop;

namespace K1s0.EventStore.Sync.Beginnings.Tests;

/// <summary>A node of the shop with its logs, its snapshots and its view, as an application runs it, over restarts.</summary>
internal sealed class ShopNode : IDisposable
{
    public const string Name = "shop";

    private readonly ManualTime _time;
    private readonly Func<IReplicaStore> _logs;
    private readonly Action<ReplicaNodeOptions> _change;
    private readonly Random _random = new(17);

    private ShopNode(ManualTime time, Func<IReplicaStore> logs, Action<ReplicaNodeOptions>? change) =>
        (_time, _logs, _change) = (time, logs, change ?? (_ => { }));

    public ReplicaNode Node { get; private set; } = null!;

    /// <summary>What its store is now; another one after a restart.</summary>
    public IReplicaStore Logs { get; private set; } = null!;

    public InMemorySnapshotChunkStore Snapshots { get; } = new();

    public ConflictView View { get; private set; } = new(Shop.Rules);

    /// <summary>How many events the view was told since it was made or loaded.</summary>
    public int Told { get; private set; }

    /// <param name="time">Its clock.</param>
    /// <param name="logs">Opens the store, as a new process does; in memory when null.</param>
    /// <param name="change">What else is set.</param>
    public static async Task<ShopNode> OpenAsync(
        ManualTime time, Func<IReplicaStore>? logs = null, Action<ReplicaNodeOptions>? change = null)
    {
        var memory = new InMemoryReplicaStore();
        var node = new ShopNode(time, logs ?? (() => memory), change);
        await node.RestartAsync();
        return node;
    }

    /// <summary>The process ends, and another begins on what is stored.</summary>
    public async Task RestartAsync()
    {
        Node?.Dispose();
        (Logs, View) = (_logs(), new ConflictView(Shop.Rules));
        var options = new ReplicaNodeOptions { Sync = SessionSide.Options(), Snapshots = Snapshots, OnDelivered = Apply };
        options.Replica = new ReplicaOptions { ContinueUnwitnessed = true };
        _change(options);
        Node = await ReplicaNode.OpenAsync(Logs, options, _time);
        await BuildAsync();
    }

    /// <summary>Builds the view anew: from the snapshot where logs begin behind it, otherwise from the history.</summary>
    public async Task BuildAsync()
    {
        View = new ConflictView(Shop.Rules);
        var events = Node.ReadHistoryAsync();
        if (Node.BeginsBehind.Count > 0)
        {
            var snapshot = await Node.Snapshots.ReadAsync(Name);
            View = await ConflictView.LoadAsync(Shop.Rules, snapshot!);
            events = Node.Snapshots.ReadEventsAfterAsync(snapshot!.Manifest);
        }

        Told = 0;
        await foreach (var delivered in events)
        {
            Apply(delivered);
        }
    }

    public async Task WriteAsync(int count)
    {
        for (var i = 0; i < count; i++)
        {
            await Node.WriteAsync(Shop.Draw(_random, Guid.CreateVersion7(), _time.GetUtcNow()));
        }
    }

    public Task<SnapshotManifest> PublishAsync() => Node.Snapshots.PublishAsync(Name, 1, View.Capture);

    public async Task<SnapshotEnd> TakeAsync(ShopNode giver)
    {
        var (left, right) = InMemorySyncTransport.CreatePair();
        var giving = giver.Node.SynchroniseAsync(right, SyncRole.Responder);
        var outcome = await Node.Snapshots.TakeAsync(left, Name, 1);
        await giving;
        return outcome.Snapshot!.End;
    }

    /// <summary>The snapshot of another is installed here, whatever it contradicts.</summary>
    public async Task InstallAsync(ShopNode other)
    {
        var manifest = SnapshotManifest.Decode((await other.Snapshots.ReadInstalledAsync(Name))!.Value.Span);
        foreach (var chunk in manifest.Chunks)
        {
            await Snapshots.WriteChunkAsync(Name, chunk, (await other.Snapshots.ReadChunkAsync(Name, chunk))!.Value);
        }

        await Snapshots.InstallAsync(Name, manifest.ToArray());
    }

    /// <summary>Takes the snapshot of another, and begins from it.</summary>
    public async Task<BeginReport> BeginFromAsync(ShopNode giver)
    {
        (await TakeAsync(giver)).Should().BeOneOf(SnapshotEnd.Installed, SnapshotEnd.AlreadyInstalled);
        return await Node.Snapshots.BeginFromAsync(Name);
    }

    public async Task<(SyncReport Called, SyncReport Answered)> MeetAsync(ShopNode other) =>
        await ForkedLogs.MeetAsync(Node, other.Node);

    /// <summary>The end of every log, and what its writer had seen, as it is stored.</summary>
    public async Task<List<OriginHead>> EndsAsync() =>
    [
        .. (await _logs().ReadHeadsAsync()).Select(head => head with { BeginsBehind = null })
            .OrderBy(head => head.Last.Origin, Comparer<Origin>.Create(Origin.Compare)),
    ];

    public async Task ShouldAgreeWithAsync(ShopNode other)
    {
        Node.Clock.Should().Be(other.Node.Clock);
        (await EndsAsync()).Should().Equal(await other.EndsAsync());
        Shop.Show(View).Should().Be(Shop.Show(other.View));
        Node.ViewFor(null).Digest.Should().Be(other.Node.ViewFor(null).Digest, "gossip finds no news");
    }

    public void Dispose() => Node.Dispose();

    private void Apply(DeliveredEvent delivered)
    {
        Told++;
        View.Apply(delivered);
    }
}
