namespace K1s0.EventStore.Sync;

/// <summary>The frame behind the last event of a side.</summary>
/// <remarks>
/// <code>
/// Done  15 | nothing; or how many events it left for another round because the link is slow | the number of logs of
///            which this side found the peer to hold another version, and gave nothing; of each its origin, ascending
/// </code>
/// </remarks>
internal static class DoneFrame
{
    // More than any store holds; sums of it are still numbers.
    private const long MostLeft = 1L << 53;

    public static void Write(WireWriter frame, IReadOnlyCollection<Origin> forks, long left)
    {
        frame.Byte(FrameType.Done);
        if (forks.Count == 0 && left == 0)
        {
            return;
        }

        frame.Integer((ulong)left);
        frame.Integer((ulong)forks.Count);
        foreach (var fork in forks.Order(Comparer<Origin>.Create(Origin.Compare)))
        {
            frame.Origin(fork);
        }
    }

    /// <summary>The logs that the peer names, and what it left, behind the type.</summary>
    public static (Origin[] Forks, long Left) Read(ref WireReader reader)
    {
        if (reader.Remaining == 0)
        {
            return ([], 0);
        }

        var left = reader.Int64();
        if (left > MostLeft)
        {
            reader.Break("it has left more events than there can be.");
        }

        var forks = new Origin[reader.Count(ReplicaOptions.MostOrigins, ReplicaId.Length + 1)];
        for (var i = 0; i < forks.Length; i++)
        {
            forks[i] = reader.Origin();
            if (i > 0 && Origin.Compare(forks[i - 1], forks[i]) >= 0)
            {
                reader.Break("the forked logs are not in ascending order.");
            }
        }

        if (forks.Length == 0 && left == 0)
        {
            reader.Break("the forked logs are none.");
        }

        reader.End();
        return reader.IsBroken ? ([], 0) : (forks, left);
    }
}
