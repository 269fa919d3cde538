namespace K1s0.EventStore.Sync;

/// <summary>Why a session ended.</summary>
public enum SyncEndReason
{
    /// <summary>As agreed, after a whole round.</summary>
    Completed,

    /// <summary>
    /// The peer speaks no version of the protocol that this side speaks. Nothing was said about data.
    /// </summary>
    VersionRefused,

    /// <summary>
    /// The peer does not have the key, or wants another way to authenticate. Nothing was said about data.
    /// </summary>
    NotAuthenticated,

    /// <summary>A frame was not written by the peer that authenticated, was repeated, or came out of order.</summary>
    FrameForged,

    /// <summary>
    /// The peer sent something that the protocol does not allow at that place, or that cannot be read.
    /// </summary>
    ProtocolBroken,

    /// <summary>The peer sent more than it was allowed to before it was confirmed.</summary>
    Flooded,

    /// <summary>The peer did not answer in time.</summary>
    TimedOut,

    /// <summary>The connection ended before the round did. What was confirmed stays.</summary>
    Disconnected,

    /// <summary>This side's store did not give the events that it had said it holds.</summary>
    StoreIncomplete,

    /// <summary>This side failed: its store, or it was stopped.</summary>
    Failed,

    /// <summary>
    /// A snapshot was wanted, and the peer gives none to anybody: it is of an older version, or has no store for them.
    /// </summary>
    SnapshotsNotGiven,
}
