namespace K1s0.EventStore.Sync.Tests;

/// <summary>A store that does what a test says in the middle of what it is asked for.</summary>
internal sealed class HookedReplicaStore(IBranchReplicaStore inner) : IBranchReplicaStore
{
    /// <summary>Whether nothing can be said about who the replica is.</summary>
    public bool HasNoIdentity { get; set; }

    public Action OnRead { get; set; } = () => { };

    public Func<Task> OnReadLinks { get; set; } = () => Task.CompletedTask;

    /// <summary>The branch stands in its places, and nobody knows of it yet.</summary>
    public Action OnAdopted { get; set; } = () => { };

    public Task<ReplicaIdentity?> ReadIdentityAsync(CancellationToken cancellationToken = default) =>
        HasNoIdentity ? throw new IOException("The disk is gone.") : inner.ReadIdentityAsync(cancellationToken);

    public Task WriteIdentityAsync(ReplicaIdentity identity, CancellationToken cancellationToken = default) =>
        HasNoIdentity ? throw new IOException("The disk is gone.") : inner.WriteIdentityAsync(identity, cancellationToken);

    public Task<IReadOnlyList<OriginHead>> ReadHeadsAsync(CancellationToken cancellationToken = default) =>
        inner.ReadHeadsAsync(cancellationToken);

    public Task<IReadOnlyList<SyncEvent>> ReadAsync(
        VectorClock after, VectorClock upTo, int maxEvents, int maxBytes, CancellationToken cancellationToken = default)
    {
        OnRead();
        return inner.ReadAsync(after, upTo, maxEvents, maxBytes, cancellationToken);
    }

    public Task AppendAsync(IReadOnlyList<DeliveredEvent> events, CancellationToken cancellationToken = default) =>
        inner.AppendAsync(events, cancellationToken);

    public async Task<IReadOnlyList<LogLink>> ReadLinksAsync(
        Origin origin, long first, long last, CancellationToken cancellationToken = default)
    {
        await OnReadLinks();
        return await inner.ReadLinksAsync(origin, first, last, cancellationToken);
    }

    public Task<IReadOnlyList<SyncEvent>> ReadWholeAsync(
        Origin origin, IReadOnlyList<long> sequences, int maxBytes, CancellationToken cancellationToken = default) =>
        inner.ReadWholeAsync(origin, sequences, maxBytes, cancellationToken);

    public Task RepairAsync(IReadOnlyList<SyncEvent> events, CancellationToken cancellationToken = default) =>
        inner.RepairAsync(events, cancellationToken);

    public async Task<bool> AdoptAsync(IReadOnlyList<SyncEvent> branch, CancellationToken cancellationToken = default)
    {
        var isAdopted = await inner.AdoptAsync(branch, cancellationToken);
        OnAdopted();
        return isAdopted;
    }

    public IAsyncEnumerable<SyncEvent> ReadGivenUpAsync(CancellationToken cancellationToken = default) =>
        inner.ReadGivenUpAsync(cancellationToken);
}
