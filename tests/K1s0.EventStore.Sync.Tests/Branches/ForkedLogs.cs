using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Sync.Tests;

/// <summary>Makes logs that have two versions, as the copies of a disk do that both go on.</summary>
internal sealed class ForkedLogs(ManualTime time)
{
    private int _number;

    /// <summary>A replica that goes on from what another has, as the same or as another origin.</summary>
    public Replica GoOn(Origin self, IReadOnlyList<DeliveredEvent> known)
    {
        var heads = known.GroupBy(one => one.Event.Dot.Origin).Select(log => log.MaxBy(one => one.Event.Dot.Sequence)).Select(
            last => new OriginHead(last.Event.Dot, last.Event.Hash, last.Event.Time, last.Context));
        return Replica.Resume(
            self, heads, new HybridClock(time), new ReplicaOptions { ContinueUnwitnessed = true });
    }

    /// <summary>Writes events, and gives what was known before with them.</summary>
    public List<DeliveredEvent> Write(Origin self, IReadOnlyList<DeliveredEvent> known, int count)
    {
        var replica = GoOn(self, known);
        List<DeliveredEvent> all = [.. known];
        for (var i = 0; i < count; i++)
        {
            all.Add(replica.Write(Some.Envelope(payload: $"{++_number}")));
        }

        return all;
    }

    /// <summary>A node with a new store, in which this is.</summary>
    public async Task<ReplicaNode> OpenAsync(
        IReplicaStore store, IReadOnlyList<DeliveredEvent> known, Action<ReplicaNodeOptions>? change = null, Origin? self = null)
    {
        await store.WriteIdentityAsync(new ReplicaIdentity(self ?? new Origin(ReplicaId.Create(time), 7), string.Empty));
        await store.AppendAsync(known);
        return await ReopenAsync(store, change);
    }

    public Task<ReplicaNode> ReopenAsync(IReplicaStore store, Action<ReplicaNodeOptions>? change = null)
    {
        var options = new ReplicaNodeOptions { Sync = SessionSide.Options() };
        change?.Invoke(options);
        return ReplicaNode.OpenAsync(store, options, time);
    }

    public static async Task<(SyncReport Called, SyncReport Answered)> MeetAsync(
        ReplicaNode left, ReplicaNode right, VectorClock? checkpoint = null)
    {
        var (toRight, toLeft) = InMemorySyncTransport.CreatePair();
        var answering = right.SynchroniseAsync(toLeft, SyncRole.Responder, checkpoint);
        var called = await left.SynchroniseAsync(toRight, SyncRole.Initiator, checkpoint);
        var answered = await answering;
        called.IsCompleted.Should().BeTrue(called.Detail);
        answered.IsCompleted.Should().BeTrue(answered.Detail);
        return (called.Report!, answered.Report!);
    }

    /// <summary>The hashes of the history, in an order that depends on the events alone.</summary>
    public static async Task<List<string>> HistoryOfAsync(ReplicaNode node) =>
        [.. (await node.ReadHistoryAsync().ToListAsync()).Select(one => $"{one.Event.Dot} {one.Event.Hash}").Order(StringComparer.Ordinal)];
}
