namespace K1s0.EventStore.Sync;

/// <summary>What one round did, as seen by one side.</summary>
/// <param name="Mode">How much had to be told.</param>
/// <param name="EventsSent">Events that the peer has confirmed as durable.</param>
/// <param name="EventsReceived">Events that became part of the history here, and are durable.</param>
/// <param name="EventsKnown">Events that came and were there already.</param>
/// <param name="EventsRefused">Events that came and were not taken, by the reason; empty when all went well.</param>
/// <param name="Forks">Origins of whose logs the two sides hold different versions; nothing of them moved.</param>
/// <param name="BytesSent">Bytes of frames sent in this round.</param>
/// <param name="BytesReceived">Bytes of frames received in this round.</param>
/// <param name="Checkpoint">
/// What both sides hold now, at least; the point that the next round may begin from. Null when something was refused or
/// is forked.
/// </param>
/// <param name="ProtocolVersion">The version of the protocol that both speak.</param>
public sealed record SyncReport(
    SyncMode Mode,
    long EventsSent,
    long EventsReceived,
    long EventsKnown,
    IReadOnlyDictionary<Admission, long> EventsRefused,
    IReadOnlyList<Origin> Forks,
    long BytesSent,
    long BytesReceived,
    VectorClock? Checkpoint,
    int ProtocolVersion)
{
    /// <summary>Damaged events of the logs here that the peer gave back, and that are durable.</summary>
    public long EventsRepaired { get; init; }

    /// <summary>
    /// Events that the peer gave for damaged ones and that are not those which the logs name; none of them was taken.
    /// Not 0 says that the peer lies, or is damaged in a way that it did not notice.
    /// </summary>
    public long RepairsRefused { get; init; }

    /// <summary>
    /// Parts of logs in which the branch here was given up for that of the peer, because
    /// <see cref="NodeBranches.Adopt"/> was called: durable, and <see cref="NodeBranches.ReadGivenUpAsync"/> gives what
    /// stood there.
    /// </summary>
    public IReadOnlyList<AdoptedBranch> BranchesAdopted { get; init; } = [];

    /// <summary>Logs whose branch was to be given up and was not, and why.</summary>
    public IReadOnlyDictionary<Origin, BranchRefusal> BranchesKept { get; init; } =
        new Dictionary<Origin, BranchRefusal>();

    /// <summary>
    /// Origins of whose logs the peer has more than is here after the round: because it was refused
    /// (<see cref="EventsRefused"/>), the log is forked (<see cref="Forks"/>), the peer does not give it, by its rights
    /// or because it is damaged there, or it was left for the next round (<see cref="EventsLeft"/>).
    /// </summary>
    public IReadOnlyList<Origin> Lacking { get; init; } = [];

    /// <summary>
    /// Origins of whose logs one side lacks events that the other does not hold any more: its log begins behind them,
    /// because it was begun from a snapshot (<see cref="Snapshots.NodeSnapshots.BeginFromAsync"/>). Nothing of these
    /// logs moves that way, nor what builds on what is lacking. The side that lacks them, for which they are in
    /// <see cref="Lacking"/> too, takes the snapshot and begins from it, or has them from another peer. A peer of an
    /// older version does not say so.
    /// </summary>
    public IReadOnlyList<Origin> BeginLater { get; init; } = [];

    /// <summary>
    /// Origins of which events were sent whose time is more than <see cref="HybridClock.MaxDrift"/> ahead of the clock
    /// here: a peer refuses them, and what builds on them, until then. They were written under a clock that was wrong,
    /// or the clock here is wrong now.
    /// </summary>
    public IReadOnlyList<Origin> TooFarAhead { get; init; } = [];

    /// <summary>What the link was taken for.</summary>
    public LinkState Link { get; init; }

    /// <summary>
    /// Events of critical streams that the peer sent ahead of their turn, which were told to
    /// <see cref="ReplicaNodeOptions.OnAhead"/>. In their turn they come once more, in this round or a later one.
    /// </summary>
    public long EventsAhead { get; init; }

    /// <summary>
    /// Events that one side lacks and that were left for the next round, because the link is slow and critical ones go
    /// first: begin it soon. Null stands for <see cref="Checkpoint"/> then.
    /// </summary>
    public long EventsLeft { get; init; }
}
