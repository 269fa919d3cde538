namespace K1s0.EventStore.Sync;

/// <summary>The frames in which a replica asks for events of its logs that are damaged.</summary>
/// <remarks>
/// <code>
/// Compare   20 | origin | first sequence | last sequence, at most 4,095 behind it | request, see MerkleFormat
/// Compared  21 | answer, see MerkleFormat
/// Fetch     22 | origin | number, 1 to 256 | sequences, descending
/// Fetched   23 | as Events behind its type, in the order asked for; what is damaged there too is left out, and the end
///                where it would be too much
///
/// item of a comparison    key: sequence, 8 bytes; value: hash of the event as it can be read
/// </code>
/// They are sent while events are exchanged, before Done, and only when both sides have said that they can repair. One
/// question of each side is open at a time.
/// </remarks>
internal static class RepairFrames
{
    public const int MaxSequences = 256;

    public static MerkleIndex Index(IEnumerable<LogLink> links) => MerkleIndex.Build(links.Select(link =>
    {
        var key = new byte[sizeof(long)];
        System.Buffers.Binary.BinaryPrimitives.WriteInt64BigEndian(key, link.Sequence);
        return new MerkleItem(key, link.Hash);
    }));

    public static long SequenceOf(MerkleItem item) => item.Key.Length == sizeof(long)
        ? System.Buffers.Binary.BinaryPrimitives.ReadInt64BigEndian(item.Key.Span)
        : 0;

    public static void WriteCompare(WireWriter frame, LogPart part, ReadOnlySpan<byte> request)
    {
        frame.Byte(FrameType.Compare);
        frame.Origin(part.Origin);
        frame.Integer((ulong)part.First);
        frame.Integer((ulong)part.Last);
        frame.Bytes(request);
    }

    public static (LogPart Part, byte[] Request) ReadCompare(ref WireReader reader)
    {
        var (origin, first, last) = (reader.Origin(), reader.Int64(minimum: 1), reader.Int64(minimum: 1));
        if (!reader.IsBroken
            && (last < first
                || last - first >= LogDamage.WindowEvents
                || last > long.MaxValue - LogDamage.WindowEvents))
        {
            // Whoever goes through a part page by page counts beyond its end.
            reader.Break("a part of a log is larger than is ever needed, or ends where no log does.");
        }

        return (new LogPart(origin, first, last), reader.Bytes(reader.Remaining).ToArray());
    }

    public static void WriteFetch(WireWriter frame, Origin origin, List<long> sequences)
    {
        frame.Byte(FrameType.Fetch);
        frame.Origin(origin);
        frame.Integer((ulong)sequences.Count);
        foreach (var sequence in sequences)
        {
            frame.Integer((ulong)sequence);
        }
    }

    public static (Origin Origin, List<long> Sequences) ReadFetch(ref WireReader reader)
    {
        var (origin, count) = (reader.Origin(), reader.Count(MaxSequences, 1));
        var sequences = new List<long>(count);
        for (var i = 0; i < count; i++)
        {
            sequences.Add(reader.Int64(minimum: 1));
            if (i > 0 && sequences[i] >= sequences[i - 1])
            {
                reader.Break("the sequences that are asked for do not descend.");
            }
        }

        reader.End();
        return (origin, sequences);
    }
}
