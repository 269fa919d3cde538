namespace K1s0.EventStore.Sync.Snapshots;

/// <summary>What became of a snapshot that was to be installed.</summary>
public enum SnapshotEnd
{
    /// <summary>It is installed, durable, and was not visible before.</summary>
    Installed,

    /// <summary>This very snapshot was installed already; nothing has moved.</summary>
    AlreadyInstalled,

    /// <summary>The peer has none of that name, or this side may not have it: the peer does not say which.</summary>
    NothingGiven,

    /// <summary>The peer's snapshot is of another schema version than the one that was asked for.</summary>
    OtherSchema,

    /// <summary>It lacks events that are in the installed one.</summary>
    Older,

    /// <summary>
    /// Its frontier names another event than this side knows in that place: logs are forked.
    /// </summary>
    Forked,

    /// <summary>
    /// It is as of the same events as the installed one and another state: two versions of the code made them under
    /// one schema version, or they do not depend on the events alone.
    /// </summary>
    Contradicting,

    /// <summary>It is larger than <see cref="ReplicaNodeOptions.MaxSnapshotBytes"/>.</summary>
    TooLarge,

    /// <summary>
    /// Its chunks are what the manifest says, and are no entries in ascending order, as many as it says.
    /// </summary>
    Malformed,

    /// <summary>The store here lost or changed chunks between their arrival and the installation, twice.</summary>
    StoreDamaged,

    /// <summary>The peer replaced its snapshot again and again while it was being taken.</summary>
    ChangedTooOften,

    /// <summary>A transfer or a publication of this name is under way in this node; nothing was begun.</summary>
    Busy,

    /// <summary>The peer may bring no snapshot: see <see cref="PeerRights.CanBringSnapshot"/>.</summary>
    NotPermitted,

    /// <summary>The session ended before; the chunks that came are kept and are not asked for again.</summary>
    Cut,
}
