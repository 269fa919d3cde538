namespace K1s0.EventStore.Sync;

/// <summary>
/// What kind of link leads to a peer, as far as it was measured; it decides what goes first and how much at once.
/// </summary>
public enum LinkState
{
    /// <summary>Nothing is changed; also while nothing was measured.</summary>
    Normal,

    /// <summary>
    /// Below 1 Mbit/s in three measurements in a row, until one is above 1.5 Mbit/s: events of critical streams go
    /// ahead of all others.
    /// </summary>
    Constrained,

    /// <summary>A round trip of more than 500 ms, until it is below 350 ms: more than 100 events go at once.</summary>
    HighLatency,

    /// <summary>Both: events of critical streams go first, as many at once as the peer takes.</summary>
    ConstrainedAndHighLatency,
}
