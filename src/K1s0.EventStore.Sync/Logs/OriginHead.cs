using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Sync;

/// <summary>The end of an origin's log, as one replica knows it.</summary>
/// <param name="Last">The last event; its sequence is 0 while the log is empty.</param>
/// <param name="Hash">The hash of the last event, or <see cref="SyncEvent.Genesis"/>.</param>
/// <param name="Time">The time of the last event; 0 while the log is empty.</param>
/// <param name="Context">What the writer of the last event had seen of other logs.</param>
public sealed record OriginHead(Dot Last, Sha256Digest Hash, HybridTime Time, VectorClock Context)
{
    /// <summary>
    /// The sequence up to which the store once held more that it cannot give any more; 0 when it holds no more. Peers
    /// give it again. A replica does not go on with its own log when that ends so.
    /// </summary>
    public long DamagedUpTo { get; init; }

    /// <summary>
    /// Whether a branch of the log was ever given up here: a point that was reached with a peer before does not say
    /// that it holds the same events.
    /// </summary>
    public bool WasAdopted { get; init; }

    /// <summary>
    /// The end that a snapshot named and behind which the log begins here: the events up to it are in that snapshot's
    /// state, and not in the store. Null where the log is here from its first event on.
    /// </summary>
    public OriginHead? BeginsBehind { get; init; }
}
