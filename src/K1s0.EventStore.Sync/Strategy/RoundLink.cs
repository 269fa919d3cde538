namespace K1s0.EventStore.Sync;

/// <summary>How one round follows the link: what is told to the peer, or what the peer told.</summary>
internal sealed class RoundLink(
    SyncOptions options, Outbox outbox, Handshake handshake, PeerRights rights, LinkMeter? meter)
{
    private bool _isTold;

    public RoundStrategy Strategy { get; private set; }

    /// <summary>
    /// Whether the peer understands what goes ahead, and may be given it: stubs show what is withheld.
    /// </summary>
    public bool MayGoAhead => options.IsCritical is not null && rights.GivesAll && CanFollow;

    /// <summary>Whether both sides know the frames.</summary>
    public bool CanFollow => handshake.CanFollowLink;

    public LinkState State => meter?.Quality.State is { } found and not LinkState.Normal ? found : Strategy.State;

    /// <summary>The side that called has measured the link over many sessions, and says what it found.</summary>
    public void Tell()
    {
        Strategy = CanFollow ? meter?.Decide(options, outbox.Now) ?? default : default;

        // A peer that measures this session only does not know for how long it has held something back.
        if (!Strategy.IsUsual || (CanFollow && meter?.IsOverdue(options, outbox.Now) is true))
        {
            outbox.Send(Strategy.Write);
        }
    }

    public void Take(ref WireReader reader) => (Strategy, _isTold) = (RoundStrategy.Read(ref reader), true);

    /// <summary>
    /// What goes first of what the peer lacks. Where something may be withheld, everything in its turn: what builds on
    /// that is told from the rest by its causes, which have to come before it.
    /// </summary>
    public VectorClock First(List<Dot> lacking, VectorClock theirs) =>
        VectorClock.Of([.. (rights.GivesAll ? meter?.Stuck.First(lacking, theirs) : null) ?? lacking]);

    /// <summary>
    /// Events are sent that follow what the peer has of their logs, or what was sent. Where everything goes in its
    /// turn nobody asks what is stuck, so nothing of it is kept.
    /// </summary>
    public void Sent(IEnumerable<SyncEvent> events, VectorClock theirs)
    {
        foreach (var next in rights.GivesAll ? events : [])
        {
            meter?.Stuck.Sent(next.Dot.Origin, theirs[next.Dot.Origin]);
        }
    }

    /// <summary>
    /// The link may turn out to be slow in the middle of a round, too. What the peer has told counts for more.
    /// </summary>
    public void Follow()
    {
        if (CanFollow && !_isTold && !Strategy.CriticalFirst
            && meter?.Decide(options, outbox.Now) is { CriticalFirst: true } found)
        {
            Strategy = found;
        }
    }
}
