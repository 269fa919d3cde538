namespace K1s0.EventStore.Sync.Snapshots;

/// <summary>What came of beginning from a snapshot. In all cases but <see cref="Begun"/> nothing has changed.</summary>
public enum BeginEnd
{
    /// <summary>Logs begin behind the ends that the snapshot names; durable.</summary>
    Begun,

    /// <summary>Every event that the snapshot has is here: there was nothing to begin.</summary>
    AlreadyThere,

    /// <summary>No snapshot of that name is installed.</summary>
    NoSnapshot,

    /// <summary>Chunks of the snapshot are damaged, and were removed: take it again.</summary>
    SnapshotDamaged,

    /// <summary>
    /// The snapshot has events of this replica's own log that are not here: the replica has lost the end of its log
    /// (<see cref="TailStatus.Lost"/>). Begin an incarnation, and then again.
    /// </summary>
    TailLost,

    /// <summary>
    /// The snapshot names another event at an end than is here in that place: the log is forked, or the snapshot is of
    /// a branch that was given up.
    /// </summary>
    Forked,

    /// <summary>An end is too far in the future by the clock here.</summary>
    ClockTooFarAhead,

    /// <summary>There would be more logs than <see cref="ReplicaOptions.MaxOrigins"/>.</summary>
    TooManyOrigins,

    /// <summary>
    /// A log is damaged where it has to be compared, or to begin: have it repaired, or begin with an empty store.
    /// </summary>
    LogDamaged,
}
