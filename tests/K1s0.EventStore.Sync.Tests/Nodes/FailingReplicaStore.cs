namespace K1s0.EventStore.Sync.Tests;

/// <summary>A store whose appends fail when a test says so.</summary>
internal sealed class FailingReplicaStore(IReplicaStore inner) : IReplicaStore
{
    /// <summary>So many appends succeed from now on.</summary>
    public int FailAfter { get; set; } = int.MaxValue;

    public Task<ReplicaIdentity?> ReadIdentityAsync(CancellationToken cancellationToken = default) =>
        inner.ReadIdentityAsync(cancellationToken);

    public Task WriteIdentityAsync(ReplicaIdentity identity, CancellationToken cancellationToken = default) =>
        inner.WriteIdentityAsync(identity, cancellationToken);

    public Task<IReadOnlyList<OriginHead>> ReadHeadsAsync(CancellationToken cancellationToken = default) =>
        inner.ReadHeadsAsync(cancellationToken);

    public Task<IReadOnlyList<SyncEvent>> ReadAsync(
        VectorClock after, VectorClock upTo, int maxEvents, int maxBytes, CancellationToken cancellationToken = default) =>
        inner.ReadAsync(after, upTo, maxEvents, maxBytes, cancellationToken);

    public Task AppendAsync(IReadOnlyList<DeliveredEvent> events, CancellationToken cancellationToken = default) =>
        FailAfter-- > 0 ? inner.AppendAsync(events, cancellationToken) : throw new IOException("The disk is full.");
}
