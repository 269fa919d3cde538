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
        if (!Strategy.IsUsual)
        {
            outbox.Send(Strategy.Write);
        }
    }

    public void Take(ref WireReader reader) => (Strategy, _isTold) = (RoundStrategy.Read(ref reader), true);

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
