namespace K1s0.EventStore.Sync;

/// <summary>
/// Why a branch of a log was not given up for that of a peer. Of <see cref="Damaged"/> and <see cref="NotGiven"/> it is
/// asked for again where the branches could not be compared; otherwise <see cref="NodeBranches.Adopt"/> is called
/// again.
/// </summary>
public enum BranchRefusal
{
    /// <summary>
    /// The branch here wins: it is longer, or as long and its last event has the greater hash. The peer has to adopt.
    /// </summary>
    WinsHere,

    /// <summary>
    /// The peer's branch builds on events of other logs that are not here yet. Another round brings them: adopt then.
    /// </summary>
    CausesMissing,

    /// <summary>
    /// Several logs are forked, and what one branch builds on builds on another branch than would stand here: no order
    /// would put causes before effects. Adopt a branch of another log first, or of another peer.
    /// </summary>
    Entangled,

    /// <summary>
    /// The branch that would be given up has more than 16,384 events, that of the peer more than 32 MiB in their
    /// places, or the store has no room for it. Make the replica anew: begin with an empty store, and keep this one.
    /// </summary>
    TooLong,

    /// <summary>Something is damaged here: have it repaired first.</summary>
    Damaged,

    /// <summary>
    /// The peer did not give all events of its branch, or other events than it said, or something has changed here
    /// meanwhile.
    /// </summary>
    NotGiven,

    /// <summary>The peer may not write an event of its branch: see <see cref="PeerRights.CanWrite"/>.</summary>
    NotPermitted,

    /// <summary>An event of the peer's branch is too far in the future: adopt when its time has come.</summary>
    ClockTooFarAhead,

    /// <summary>The store here does not take an event of the peer's branch, for example because of its size.</summary>
    RefusedByStore,

    /// <summary>
    /// The log begins here behind the end of a snapshot, and the branches part before that: who began from it follows
    /// the one that the snapshot is of. Begin with an empty store and a snapshot of the other.
    /// </summary>
    BeginsLater,
}
