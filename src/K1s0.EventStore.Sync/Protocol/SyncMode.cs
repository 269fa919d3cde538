namespace K1s0.EventStore.Sync;

/// <summary>How much two replicas had to tell each other before events moved.</summary>
public enum SyncMode
{
    /// <summary>Both had the same; a digest was enough.</summary>
    InSync,

    /// <summary>Both knew a point that they had reached together, and told what changed since.</summary>
    FromCheckpoint,

    /// <summary>Both told everything that they know: one entry for each origin.</summary>
    Full,
}
