namespace K1s0.EventStore.Sync;

/// <summary>Whether the other side can be reached, as far as it has been tried.</summary>
public enum ConnectionState
{
    /// <summary>It has not been tried yet.</summary>
    Unknown,

    /// <summary>The last try reached it.</summary>
    Online,

    /// <summary>The last try did not reach it.</summary>
    Offline,
}
