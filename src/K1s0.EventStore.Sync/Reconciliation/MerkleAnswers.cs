namespace K1s0.EventStore.Sync;

/// <summary>The side that is asked. It remembers nothing between requests.</summary>
internal static class MerkleAnswers
{
    // Version, and how many questions are answered.
    private const int HeaderBytes = 4;

    public static byte[] Answer(MerkleIndex index, ReadOnlySpan<byte> request)
    {
        var reader = new WireReader(request);
        MerkleFormat.ReadVersion(ref reader, MerkleFormat.RequestName);
        var questions = reader.Count(MerkleFormat.MaxQuestions, MerkleFormat.LeastQuestionBytes);
        using var answers = new WireWriter();
        using var next = new WireWriter();
        var (answered, isFull) = (0, false);
        for (var i = 0; i < questions; i++)
        {
            var node = MerkleNode.Read(ref reader);
            next.Clear();
            switch (reader.Byte())
            {
                case MerkleFormat.Children when node.Depth < MerkleNode.MaxDepth:
                    WriteSummaries(isFull ? null : next, index, node, levels: 1);
                    break;
                case MerkleFormat.Grandchildren when node.Depth < MerkleNode.MaxDepth - 1:
                    WriteSummaries(isFull ? null : next, index, node, levels: 2);
                    break;
                case MerkleFormat.Items:
                    WriteItems(isFull ? null : next, index, node, ref reader);
                    break;
                default:
                    reader.Break("there is no such question.");
                    break;
            }

            // One answer always fits: see MerkleFormat.MaxIds. The rest of the questions are read all the same.
            isFull = isFull || answers.Length + next.Length > MerkleFormat.MaxMessageBytes - HeaderBytes;
            if (!isFull)
            {
                answers.Bytes(next.Written);
                answered++;
            }
        }

        reader.End();
        if (reader.IsBroken)
        {
            throw new InvalidFormatException(MerkleFormat.RequestName, reader.Problem);
        }

        using var whole = new WireWriter();
        whole.Byte(MerkleFormat.Version);
        whole.Integer((ulong)answered);
        whole.Bytes(answers.Written);
        return whole.Written.ToArray();
    }

    private static void WriteSummaries(WireWriter? answers, MerkleIndex index, MerkleNode node, int levels)
    {
        if (answers is null)
        {
            return;
        }

        if (levels == 2)
        {
            MerkleSummary.Write(answers, index.Summarise(node));
        }

        var descendants = levels == 1 ? MerkleNode.FanOut : MerkleNode.FanOut * MerkleNode.FanOut;
        for (var i = 0; i < descendants - 1; i++)
        {
            var below = levels == 1 ? node.Child(i) : node.Child(i / MerkleNode.FanOut).Child(i % MerkleNode.FanOut);
            MerkleSummary.Write(answers, index.Summarise(below));
        }
    }

    private static void WriteItems(WireWriter? answers, MerkleIndex index, MerkleNode node, ref WireReader reader)
    {
        var count = reader.Count(MerkleFormat.MaxIds, sizeof(ulong));
        var theirs = new Dictionary<ulong, int>(count);
        for (var i = 0; i < count; i++)
        {
            if (!theirs.TryAdd(reader.UInt64(), i))
            {
                reader.Break("an id comes twice.");
            }
        }

        var (from, to) = index.RangeOf(node);
        if (to - from > MerkleFormat.MaxIds)
        {
            reader.Break("it asks for the items of a node that has too many.");
        }

        if (reader.IsBroken || answers is null)
        {
            return;
        }

        var missing = new List<MerkleItem>();
        for (var i = from; i < to; i++)
        {
            if (!theirs.Remove(index.Hash(i).A))
            {
                missing.Add(index.Item(i));
            }
        }

        answers.Integer((ulong)missing.Count);
        missing.ForEach(item => MerkleFormat.WriteItem(answers, item));
        answers.Integer((ulong)theirs.Count);
        foreach (var place in theirs.Values.Order())
        {
            answers.Integer((ulong)place);
        }
    }
}
