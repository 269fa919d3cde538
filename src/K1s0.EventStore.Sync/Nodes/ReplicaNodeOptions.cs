using K1s0.EventStore.Sync.Snapshots;

namespace K1s0.EventStore.Sync;

/// <summary>How a node runs. Read when the node is opened.</summary>
public sealed class ReplicaNodeOptions
{
    /// <summary>The limits of the replica.</summary>
    public ReplicaOptions Replica { get; set; } = new();

    /// <summary>How it talks with peers.</summary>
    public SyncOptions Sync { get; set; } = new();

    /// <summary>How far a foreign clock may run ahead, 0 to 7 days.</summary>
    /// <value>60 seconds by default.</value>
    public TimeSpan MaxDrift { get; set; } = HybridClock.DefaultMaxDrift;

    /// <summary>
    /// Names the place where the store is used, for example the machine's id. A store that was last used elsewhere is
    /// taken for a copy, and the node goes on as a new origin. At most 256 characters.
    /// </summary>
    /// <value>Empty by default: copies are noticed when peers are met.</value>
    public string Installation { get; set; } = string.Empty;

    /// <summary>Where snapshots are kept that this node publishes, takes from peers, and gives to others.</summary>
    /// <value>null by default: no snapshots.</value>
    public ISnapshotChunkStore? Snapshots { get; set; }

    /// <summary>
    /// The most bytes of a snapshot that is taken from a peer, 1 to <see cref="SnapshotLimits.MaxBytes"/>. The store
    /// needs room for two.
    /// </summary>
    /// <value>256 MiB by default.</value>
    public long MaxSnapshotBytes { get; set; } = 256L * 1024 * 1024;

    /// <summary>
    /// Called with each event that became part of the history, its own included, after it is durable and before the
    /// next; for views such as <see cref="ConflictView"/>. Must be quick and must not throw: a view that fell behind is
    /// built anew from the store.
    /// </summary>
    public Action<DeliveredEvent>? OnDelivered { get; set; }
}
