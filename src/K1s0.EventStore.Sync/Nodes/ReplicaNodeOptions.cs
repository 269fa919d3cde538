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
    /// next; for views such as <see cref="ConflictView"/>. Must be quick. What it throws does not undo the event: it is
    /// not called again, and <see cref="ReplicaNode.DeliveryStopped"/> says so, until the view is built anew by
    /// <see cref="ReplicaNode.ReadHistoryAsync"/>.
    /// </summary>
    public Action<DeliveredEvent>? OnDelivered { get; set; }

    /// <summary>
    /// Called with an event of a critical stream that a peer sent ahead of its turn over a slow link: it is whole, it
    /// follows by hash from the log as it is here, and all that it builds on is known by hash, but the content of some
    /// of that is still missing. It is not part of the history, not stored, and may come ahead again; in its turn it
    /// comes through <see cref="OnDelivered"/>. Must be quick and must not throw.
    /// </summary>
    public Action<SyncEvent>? OnAhead { get; set; }
}
