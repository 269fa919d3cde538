namespace K1s0.EventStore.Sync;

/// <summary>
/// What one peer may be given, and what is taken from it. The default is everything. Immutable; what it calls must be
/// quick, must not throw, and must say the same for the same event as long as the session lasts.
/// </summary>
/// <remarks>
/// A log is given and taken without gaps, so it ends for a peer at the first event that is withheld or refused, and so
/// do the logs that build on that event. The peer is never taken to have what it was not given, and this replica never
/// says that it has what it refused: with other rights later, the rest moves. Where groups of peers may see different
/// streams, give each group a node of its own instead. With a peer that may not read every event no damaged logs are
/// repaired, neither here nor there.
/// </remarks>
public sealed class PeerRights
{
    /// <summary>A peer that may see and bring everything.</summary>
    public static PeerRights All { get; } = new();

    /// <summary>A peer that is told nothing, and from which nothing is taken.</summary>
    public static PeerRights None { get; } = new()
    {
        CanSeeLog = static _ => false,
        CanRead = static _ => false,
        CanWrite = static _ => false,
    };

    /// <summary>
    /// Whether the peer may learn of a log at all: that it exists, how long it is, and its hash. The events of others
    /// are not given either.
    /// </summary>
    /// <value>null by default: of all logs.</value>
    public Func<Origin, bool>? CanSeeLog { get; init; }

    /// <summary>Whether the peer may be given an event, for example by its stream.</summary>
    /// <value>null by default: all events.</value>
    public Func<SyncEvent, bool>? CanRead { get; init; }

    /// <summary>
    /// Whether an event that was not here before is taken from the peer, for example by its origin or its stream.
    /// Others are refused as <see cref="Admission.NotPermitted"/>.
    /// </summary>
    /// <value>null by default: all events.</value>
    public Func<SyncEvent, bool>? CanWrite { get; init; }

    /// <summary>
    /// Whether the peer may take a snapshot, by its name. A snapshot tells of every event that went into it, whatever
    /// <see cref="CanRead"/> says.
    /// </summary>
    /// <value>null by default: a peer that may see and read everything may, and no other.</value>
    public Func<string, bool>? CanTakeSnapshot { get; init; }

    /// <summary>
    /// Whether a snapshot is taken from the peer, by its name. It is believed: that the state is what the events amount
    /// to cannot be checked here.
    /// </summary>
    /// <value>null by default: from a peer that may write everything, and from no other.</value>
    public Func<string, bool>? CanBringSnapshot { get; init; }

    /// <summary>
    /// Whether a log is compared with the peer, hashes and all, when one side wants it repaired: hashes do not say of
    /// which streams they are, so a peer that may not read every event compares nothing.
    /// </summary>
    internal bool MayCompare(Origin origin) => CanRead is null && CanSeeLog?.Invoke(origin) is not false;

    internal bool MayTakeSnapshot(string name) => CanTakeSnapshot?.Invoke(name) ?? GivesAll;

    internal bool MayBringSnapshot(string name) => CanBringSnapshot?.Invoke(name) ?? (CanWrite is null);

    internal bool GivesAll => CanSeeLog is null && CanRead is null;

    /// <summary>What the peer may learn of a clock.</summary>
    internal VectorClock Visible(VectorClock clock)
    {
        if (CanSeeLog is null)
        {
            return clock;
        }

        var visible = new List<Dot>();
        foreach (var dot in clock.Entries)
        {
            if (CanSeeLog(dot.Origin))
            {
                visible.Add(dot);
            }
        }

        return VectorClock.Of([.. visible]);
    }

    internal bool MayBeGiven(SyncEvent next) =>
        CanSeeLog?.Invoke(next.Dot.Origin) is not false && CanRead?.Invoke(next) is not false;

    internal bool MayBring(SyncEvent candidate) => CanWrite?.Invoke(candidate) is not false;
}
