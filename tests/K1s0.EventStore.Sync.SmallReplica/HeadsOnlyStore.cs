namespace K1s0.EventStore.Sync.SmallReplica;

/// <summary>Stands for a store on disk: takes events and keeps nothing of them in memory but where each log ends.</summary>
internal sealed class HeadsOnlyStore : IReplicaStore
{
    private readonly Dictionary<Origin, OriginHead> _heads = [];
    private ReplicaIdentity? _identity;

    public Task<ReplicaIdentity?> ReadIdentityAsync(CancellationToken cancellationToken = default) =>
        Task.FromResult(_identity);

    public Task WriteIdentityAsync(ReplicaIdentity identity, CancellationToken cancellationToken = default)
    {
        _identity = identity;
        return Task.CompletedTask;
    }

    public Task<IReadOnlyList<OriginHead>> ReadHeadsAsync(CancellationToken cancellationToken = default) =>
        Task.FromResult<IReadOnlyList<OriginHead>>([.. _heads.Values]);

    public Task<IReadOnlyList<SyncEvent>> ReadAsync(
        VectorClock after, VectorClock upTo, int maxEvents, int maxBytes, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException("Nothing is kept.");

    public Task AppendAsync(IReadOnlyList<DeliveredEvent> events, CancellationToken cancellationToken = default)
    {
        foreach (var delivered in events)
        {
            var last = delivered.Event;
            _heads[last.Dot.Origin] = new OriginHead(last.Dot, last.Hash, last.Time, delivered.Context);
        }

        return Task.CompletedTask;
    }
}
