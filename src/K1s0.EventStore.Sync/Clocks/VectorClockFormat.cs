namespace K1s0.EventStore.Sync;

/// <summary>The bytes of a vector clock. Version 1.</summary>
/// <remarks>
/// <code>
///  +--------------------+------------------------------------------------------------------------+
///  | version            | 1 byte: 1                                                              |
///  | number of entries  | canonical integer, at most 65,536                                      |
///  | each entry, by     | replica id, 16 bytes, big-endian                                       |
///  |  ascending origin, | incarnation, canonical integer                                         |
///  |  none twice        | sequence, canonical integer, 1 or more                                 |
///  +--------------------+------------------------------------------------------------------------+
/// </code>
/// Canonical integers: see <see cref="WireReader"/>. The layout is published: it is never edited.
/// </remarks>
internal static class VectorClockFormat
{
    private const string FormatName = "vector clock";
    private const byte FormatVersion = 1;

    // Replica id, one byte of incarnation, one of sequence.
    private const int LeastEntryBytes = ReplicaId.Length + 2;

    public static byte[] Encode(VectorClock clock)
    {
        using var writer = new WireWriter();
        writer.Byte(FormatVersion);
        WriteEntries(writer, clock);
        return writer.Written.ToArray();
    }

    public static VectorClock Decode(ReadOnlySpan<byte> bytes)
    {
        var reader = new WireReader(bytes);
        var version = reader.Byte();
        if (!reader.IsBroken && version != FormatVersion)
        {
            throw new UnsupportedFormatException(FormatName, version, FormatVersion);
        }

        var clock = ReadEntries(ref reader, VectorClock.MaxEntries);
        reader.End();
        return reader.IsBroken ? throw new InvalidFormatException(FormatName, reader.Problem) : clock;
    }

    /// <summary>The part behind the version, as it also stands inside of other formats.</summary>
    public static void WriteEntries(WireWriter writer, VectorClock clock)
    {
        writer.Integer((ulong)clock.Count);
        foreach (var dot in clock.Entries)
        {
            writer.Dot(dot);
        }
    }

    /// <summary>The same, read; an empty clock when the reader breaks.</summary>
    public static VectorClock ReadEntries(ref WireReader reader, int maxEntries)
    {
        var count = reader.Count(maxEntries, LeastEntryBytes);
        if (count == 0)
        {
            return VectorClock.Empty;
        }

        var entries = new Dot[count];
        for (var i = 0; i < count; i++)
        {
            entries[i] = reader.Dot();
            if (i > 0 && Origin.Compare(entries[i - 1].Origin, entries[i].Origin) >= 0)
            {
                reader.Break("the origins are not in ascending order.");
            }
        }

        return reader.IsBroken ? VectorClock.Empty : VectorClock.Adopt(entries);
    }
}
