namespace K1s0.EventStore.Sync;

/// <summary>The asking side's part for nodes of few items: ids instead of fingerprints.</summary>
internal static class MerkleLeaf
{
    // Below so many on both sides, ids are cheaper than fingerprints.
    private const int LeafItems = 64;

    public static bool IsLeaf(MerkleNode node, MerkleSummary mine, MerkleSummary theirs) =>
        (mine.Count <= LeafItems && theirs.Count <= LeafItems)
        || (mine.IsEmpty && theirs.Count <= MerkleFormat.MaxIds)
        || node.Depth == MerkleNode.MaxDepth;

    public static void WriteQuestion(WireWriter questions, MerkleIndex local, MerkleNode node)
    {
        var (from, to) = local.RangeOf(node);
        questions.Byte(MerkleFormat.Items);
        questions.Integer((ulong)(to - from));
        for (var i = from; i < to; i++)
        {
            questions.UInt64(local.Hash(i).A);
        }
    }

    /// <summary>Adds what the answer says; breaks the reader unless that adds up to their fingerprint.</summary>
    public static void ReadAnswer(
        ref WireReader reader,
        MerkleIndex local,
        MerkleNode node,
        MerkleSummary theirs,
        List<MerkleItem> onlyLocal,
        List<MerkleItem> onlyRemote)
    {
        var (from, to) = local.RangeOf(node);
        var sum = local.Summarise(node);
        var count = reader.Count(MerkleFormat.MaxIds, 1 + Integrity.Sha256Digest.Length);
        for (var i = 0; i < count && MerkleFormat.ReadItem(ref reader) is { } item; i++)
        {
            var (position, hash) = local.Place(item);
            if (position < node.First || position > node.Last)
            {
                reader.Break("an item does not belong below the node.");
            }

            sum += new MerkleSummary(1, hash);
            onlyRemote.Add(item);
        }

        count = reader.Count(to - from, 1);
        for (var (i, last) = (0, -1L); i < count; i++)
        {
            var place = reader.Int64();
            if (place <= last || place >= to - from)
            {
                reader.Break("the places of ids are not ascending.");
                return;
            }

            last = place;
            sum -= new MerkleSummary(1, local.Hash(from + (int)place));
            onlyLocal.Add(local.Item(from + (int)place));
        }

        if (sum != theirs)
        {
            reader.Break("the items of a node do not add up to its fingerprint.");
        }
    }
}
