namespace K1s0.EventStore.Sync;

/// <summary>The part of a session that answers gossip.</summary>
/// <param name="node">Answers; null when the node takes no part.</param>
/// <param name="replica">Whose news are told.</param>
/// <param name="outbox">Where the answer goes.</param>
/// <param name="rights">What the peer may see.</param>
internal sealed class GossipPart(GossipNode? node, Replica replica, Outbox outbox, PeerRights rights)
{
    private bool _hasAnswered;

    /// <summary>
    /// Takes a frame between rounds if it is gossip. Once in a session: a caller has to prove itself for each.
    /// </summary>
    public bool TryTake(ReadOnlySpan<byte> frame)
    {
        if (frame[0] != FrameType.Gossip || _hasAnswered)
        {
            return false;
        }

        _hasAnswered = true;
        var reader = new WireReader(frame[1..]);
        if (GossipMessage.Read(ref reader) is not { } asked)
        {
            outbox.Broken($"gossip cannot be read: {reader.Problem}");
            return true;
        }

        var answer = node?.Answer(asked, GossipView.Of(replica, rights)) ?? [FrameType.GossipAnswer];
        outbox.Send(target => target.Bytes(answer));
        return true;
    }
}
