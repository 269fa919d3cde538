namespace K1s0.EventStore.Sync;

/// <summary>Which side of a connection a replica is.</summary>
public enum SyncRole
{
    /// <summary>It called, speaks first, and begins the rounds.</summary>
    Initiator,

    /// <summary>It was called.</summary>
    Responder,
}
