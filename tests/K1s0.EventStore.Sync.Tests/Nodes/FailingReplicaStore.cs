namespace K1s0.EventStore.Sync.Tests;

/// <summary>A store whose appends fail when a test says so.</summary>
internal sealed class FailingReplicaStore(IReplicaStore inner) : IReplicaStore
{
    /// <summary>So many appends succeed from now on.</summary>
    public int FailAfter { get; set; } = int.MaxValue;

    /// <summary>Whether the append that fails is stored all the same.</summary>
    public bool StoresWhatFails { get; set; }

    /// <summary>How many events of the append that fails are stored all the same, when not all are.</summary>
    public int StoresFirst { get; set; }

    /// <summary>Whether nothing can be read.</summary>
    public bool IsUnreadable { get; set; }

    public Task<ReplicaIdentity?> ReadIdentityAsync(CancellationToken cancellationToken = default) =>
        IsUnreadable ? throw new IOException("The disk is gone.") : inner.ReadIdentityAsync(cancellationToken);

    public Task WriteIdentityAsync(ReplicaIdentity identity, CancellationToken cancellationToken = default) =>
        inner.WriteIdentityAsync(identity, cancellationToken);

    public Task<IReadOnlyList<OriginHead>> ReadHeadsAsync(CancellationToken cancellationToken = default) =>
        inner.ReadHeadsAsync(cancellationToken);

    public Task<IReadOnlyList<SyncEvent>> ReadAsync(
        VectorClock after, VectorClock upTo, int maxEvents, int maxBytes, CancellationToken cancellationToken = default) =>
        inner.ReadAsync(after, upTo, maxEvents, maxBytes, cancellationToken);

    public async Task AppendAsync(IReadOnlyList<DeliveredEvent> events, CancellationToken cancellationToken = default)
    {
        var fails = FailAfter-- <= 0;
        await inner.AppendAsync(
            !fails || StoresWhatFails ? events : [.. events.Take(StoresFirst)], cancellationToken);

        if (fails)
        {
            throw new IOException("The disk is full.");
        }
    }
}
