namespace K1s0.EventStore.Sync;

/// <summary>The frame behind the last event of a side.</summary>
/// <remarks>
/// <code>
/// Done  15 | nothing; or how many events it left for another round because the link is slow | the number of logs of
///            which this side found the peer to hold another version, and gave nothing; of each its origin, ascending
///            | nothing; or, where both sides know of it, the number of logs of which the peer lacks events that are in
///            a snapshot on this side, and in no log; of each its origin, ascending
/// </code>
/// </remarks>
internal static class DoneFrame
{
    // More than any store holds; sums of it are still numbers.
    private const long MostLeft = 1L << 53;

    public static void Write(
        WireWriter frame, IReadOnlyCollection<Origin> forks, long left, IReadOnlyCollection<Origin> beginLater)
    {
        frame.Byte(FrameType.Done);
        if (forks.Count == 0 && left == 0 && beginLater.Count == 0)
        {
            return;
        }

        frame.Integer((ulong)left);
        Write(frame, forks);
        if (beginLater.Count > 0)
        {
            Write(frame, beginLater);
        }
    }

    /// <summary>What the frame says behind its type.</summary>
    public static (Origin[] Forks, long Left, Origin[] BeginLater) Read(ref WireReader reader, bool knowsBeginnings)
    {
        if (reader.Remaining == 0)
        {
            return ([], 0, []);
        }

        var left = reader.Int64();
        if (left > MostLeft)
        {
            reader.Break("it has left more events than there can be.");
        }

        var forks = ReadOrigins(ref reader);
        var hasBeginnings = knowsBeginnings && reader.Remaining > 0;
        var beginLater = hasBeginnings ? ReadOrigins(ref reader) : [];
        if (hasBeginnings ? beginLater.Length == 0 : forks.Length == 0 && left == 0)
        {
            reader.Break("the logs that it names are none.");
        }

        reader.End();
        return reader.IsBroken ? ([], 0, []) : (forks, left, beginLater);
    }

    private static void Write(WireWriter frame, IReadOnlyCollection<Origin> origins)
    {
        frame.Integer((ulong)origins.Count);
        foreach (var origin in origins.Order(Comparer<Origin>.Create(Origin.Compare)))
        {
            frame.Origin(origin);
        }
    }

    private static Origin[] ReadOrigins(ref WireReader reader)
    {
        var origins = new Origin[reader.Count(ReplicaOptions.MostOrigins, ReplicaId.Length + 1)];
        for (var i = 0; i < origins.Length; i++)
        {
            origins[i] = reader.Origin();
            if (i > 0 && Origin.Compare(origins[i - 1], origins[i]) >= 0)
            {
                reader.Break("the logs that it names are not in ascending order.");
            }
        }

        return origins;
    }
}
