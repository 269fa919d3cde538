namespace K1s0.EventStore.Sync;

/// <summary>What a node holds, as far as the other side may learn of it.</summary>
/// <param name="Clock">How much of each log.</param>
/// <param name="Digest">The start of a digest of all of it; null when the other may not learn of all.</param>
/// <param name="HashOf">The first bytes of the hash of a log's end.</param>
internal sealed record GossipView(VectorClock Clock, ulong? Digest, Func<Origin, ulong> HashOf)
{
    /// <summary>Of a replica, as it stands now; the caller holds whatever guards it.</summary>
    public static GossipView Of(Replica replica, PeerRights rights)
    {
        var clock = rights.Visible(replica.Clock);
        var hashes = new Dictionary<Origin, ulong>(clock.Count);
        foreach (var dot in clock.Entries)
        {
            hashes.Add(dot.Origin, VectorFrame.ShortHash(replica.HashOf(dot.Origin)));
        }

        ulong? digest = rights.GivesAll ? VectorFrame.ShortHash(VectorFrame.DigestOf(replica, clock)) : null;
        return new GossipView(clock, digest, origin => hashes.GetValueOrDefault(origin));
    }
}
