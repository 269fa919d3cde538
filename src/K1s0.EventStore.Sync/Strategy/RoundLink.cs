namespace K1s0.EventStore.Sync;

/// <summary>How one round follows the link: what is told to the peer, or what the peer told.</summary>
internal sealed class RoundLink(
    SyncOptions options, Outbox outbox, Handshake handshake, PeerRights rights, LinkMeter? meter)
{
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

    public void Take(ref WireReader reader) => Strategy = RoundStrategy.Read(ref reader);

    /// <summary>The link may turn out to be slow in the middle of a round, too.</summary>
    public void Follow()
    {
        if (CanFollow && !Strategy.CriticalFirst
            && meter?.Decide(options, outbox.Now) is { CriticalFirst: true } found)
        {
            Strategy = found;
        }
    }

    /// <summary>
    /// What this side has not got of what the peer told, because the peer has left it for another round.
    /// </summary>
    public long Lacking(SyncReceiver receiver, VectorClock theirs, VectorClock mine) =>
        Strategy.CriticalFirst && receiver.Refused.Count == 0 && receiver.Forks.Count == 0
            ? theirs.EventsBeyond(mine)
            : 0;
}
