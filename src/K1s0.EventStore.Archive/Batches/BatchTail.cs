using System.Buffers.Binary;
using K1s0.EventStore.Compression;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Archive;

/// <summary>
/// The end of a batch: filters, index and seek table, each a skippable frame of Zstandard. Version 1.
/// </summary>
/// <remarks>
/// <code>
/// frames of events, filters, index, seek table; nothing else
///
/// skippable frame   4 bytes magic, 4 bytes length of what follows, both little-endian (RFC 8878); magic 0x184D2A50 for
///                   filters and index, 0x184D2A5E for the seek table
/// filters           the filters of the frames, one after the other, see StreamFilter
/// seek table        little-endian, as in the seekable format of Zstandard: for each frame (events, filters, index) 4
///                   bytes compressed and 4 bytes decompressed length, 0 for filters and index; then 4 bytes number of
///                   frames, 1 byte 0 (no checksums), 4 bytes magic 0x8F92EAB1
///
/// index             integers big-endian, times in microseconds since 1970-01-01 UTC, two's complement
///
///  offset  length
///  +-----+----+----------------------------------------------------------------------------------+
///  |   0 |  8 | "K1S0BTCH"                                                                       |
///  |   8 |  1 | version: 1                                                                       |
///  |   9 |  1 | how the frames are compressed: 1 Zstandard, 2 Brotli (see CompressionFormat)     |
///  |  10 |  2 | 0                                                                                |
///  |  12 |  4 | number n of frames of events, 1 to 360                                           |
///  |  16 | 16 | store id, in the order of RFC 9562                                               |
///  |  32 |  8 | epoch of the store                                                               |
///  |  40 | 32 | SHA-256 of the filters                                                           |
///  |  72 |    | n times 80 bytes:                                                                |
///  |     |  4 |   compressed length                                                              |
///  |     |  4 |   length of the lines                                                            |
///  |     |  4 |   number of events                                                               |
///  |     |  4 |   length of the filter                                                           |
///  |     |  8 |   position of the first event                                                    |
///  |     |  8 |   position of the last event                                                     |
///  |     |  8 |   earliest recorded at                                                           |
///  |     |  8 |   latest recorded at                                                             |
///  |     | 32 |   SHA-256 of the compressed frame                                                |
///  |     | 32 | SHA-256 of the index up to here                                                  |
///  +-----+----+----------------------------------------------------------------------------------+
/// </code>
/// The layout is published: it is never edited, a new one gets a new version.
/// </remarks>
internal static class BatchTail
{
    public const string FormatName = "event batch";

    /// <summary>The most frames of events, so that index and seek table fit into <see cref="MaxLength"/>.</summary>
    public const int MaxFrames = 360;

    /// <summary>The most bytes that index and seek table have: what has to be read from the end to find them.</summary>
    public const int MaxLength = 32 * 1024;

    /// <summary>The length of the head of a skippable frame.</summary>
    public const int FrameHead = 8;

    private const byte Version = 1;
    private const uint SkippableMagic = 0x184D2A50;
    private const uint SeekTableMagic = 0x184D2A5E;
    private const uint SeekableMagic = 0x8F92EAB1;
    private const int SeekEntry = 8;
    private const int SeekFooter = 9;
    private const int FixedLength = 72;
    private const int EntryLength = 80;

    // The shortest line that an event has, all names one letter long, is 212 bytes. Filters of as many streams as 160
    // MiB of such lines are below 2 MiB.
    private const int MinLine = 200;
    private const int MaxFilters = 2 * 1024 * 1024;

    private static readonly long Earliest = UnixMicroseconds.Of(DateTimeOffset.MinValue);
    private static readonly long Latest = UnixMicroseconds.Of(DateTimeOffset.MaxValue);

    private static ReadOnlySpan<byte> Magic => "K1S0BTCH"u8;

    /// <summary>All that comes behind the frames of events.</summary>
    public static byte[] Write(EventBatchIndex index, ReadOnlySpan<byte> filters)
    {
        var frames = index.Frames.Count;
        var indexLength = FixedLength + (EntryLength * frames) + Sha256Digest.Length;
        var tableLength = (SeekEntry * (frames + 2)) + SeekFooter;
        var tail = new byte[(3 * FrameHead) + filters.Length + indexLength + tableLength];
        var rest = tail.AsSpan();
        WriteHead(ref rest, SkippableMagic, filters.Length);
        filters.CopyTo(rest);
        rest = rest[filters.Length..];
        WriteHead(ref rest, SkippableMagic, indexLength);
        WriteIndex(rest[..indexLength], index);
        rest = rest[indexLength..];
        WriteHead(ref rest, SeekTableMagic, tableLength);
        foreach (var frame in index.Frames)
        {
            WriteSeekEntry(ref rest, frame.Length, frame.ContentLength);
        }

        WriteSeekEntry(ref rest, FrameHead + filters.Length, 0);
        WriteSeekEntry(ref rest, FrameHead + indexLength, 0);
        BinaryPrimitives.WriteInt32LittleEndian(rest, frames + 2);
        BinaryPrimitives.WriteUInt32LittleEndian(rest[5..], SeekableMagic);
        return tail;
    }

    /// <summary>The digest of the index in what <see cref="Write"/> returned.</summary>
    public static Sha256Digest DigestIn(ReadOnlySpan<byte> tail, EventBatchIndex index) => new(
        tail.Slice(
            (2 * FrameHead) + index.FiltersLength + FixedLength + (EntryLength * index.Frames.Count),
            Sha256Digest.Length));

    /// <summary>Reads the index.</summary>
    /// <param name="tail">The last bytes of the object: all, or at least <see cref="MaxLength"/>.</param>
    /// <param name="objectLength">The length of the object.</param>
    /// <exception cref="UnsupportedFormatException">The batch is of another version.</exception>
    /// <exception cref="InvalidFormatException">It is no end of a batch, or damaged.</exception>
    public static EventBatchIndex Read(ReadOnlySpan<byte> tail, long objectLength)
    {
        var tableStart = FindSeekTable(tail, out var frames);
        var indexLength = FixedLength + (EntryLength * frames) + Sha256Digest.Length;
        var indexStart = tableStart - indexLength;
        Expect(indexStart >= FrameHead, "it is shorter than its seek table says.");
        Expect(
            IsHead(tail[(indexStart - FrameHead)..], SkippableMagic, indexLength),
            "the index does not begin where it should.");
        var content = tail.Slice(indexStart, indexLength);
        Expect(content[..Magic.Length].SequenceEqual(Magic), "the index does not begin with its name.");
        if (content[Magic.Length] != Version)
        {
            throw new UnsupportedFormatException(FormatName, content[Magic.Length], Version);
        }

        Expect(
            Sha256Digest.Of(content[..^Sha256Digest.Length]) == new Sha256Digest(content[^Sha256Digest.Length..]),
            "the index does not match its digest.");
        var index = ReadIndex(content, frames);
        Expect(
            index.FiltersOffset + index.FiltersLength + (2 * FrameHead) == objectLength - tail.Length + indexStart,
            "the frames do not fill the object.");
        CheckSeekTable(tail[(tableStart + FrameHead)..], index, indexLength);
        return index;
    }

    private static void WriteIndex(Span<byte> content, EventBatchIndex index)
    {
        Magic.CopyTo(content);
        content[8] = Version;
        content[9] = (byte)index.Compression;
        BinaryPrimitives.WriteInt32BigEndian(content[12..], index.Frames.Count);
        index.Store.StoreId.TryWriteBytes(content[16..], bigEndian: true, out _);
        BinaryPrimitives.WriteInt64BigEndian(content[32..], index.Store.Epoch);
        index.FiltersDigest.CopyTo(content[40..]);
        var rest = content[FixedLength..];
        foreach (var frame in index.Frames)
        {
            BinaryPrimitives.WriteInt32BigEndian(rest, frame.Length);
            BinaryPrimitives.WriteInt32BigEndian(rest[4..], frame.ContentLength);
            BinaryPrimitives.WriteInt32BigEndian(rest[8..], frame.EventCount);
            BinaryPrimitives.WriteInt32BigEndian(rest[12..], frame.FilterLength);
            BinaryPrimitives.WriteInt64BigEndian(rest[16..], frame.First.Value);
            BinaryPrimitives.WriteInt64BigEndian(rest[24..], frame.Last.Value);
            BinaryPrimitives.WriteInt64BigEndian(rest[32..], UnixMicroseconds.Of(frame.Earliest));
            BinaryPrimitives.WriteInt64BigEndian(rest[40..], UnixMicroseconds.Of(frame.Latest));
            frame.Digest.CopyTo(rest[48..]);
            rest = rest[EntryLength..];
        }

        Sha256Digest.Of(content[..^Sha256Digest.Length]).CopyTo(rest);
    }

    private static EventBatchIndex ReadIndex(ReadOnlySpan<byte> content, int count)
    {
        var compression = (CompressionFormat)content[9];
        Expect(compression is CompressionFormat.Zstd or CompressionFormat.Brotli, "its compression is unknown.");
        Expect(content[10] == 0 && content[11] == 0, "a reserved byte is not zero.");
        Expect(BinaryPrimitives.ReadInt32BigEndian(content[12..]) == count, "the index has another number of frames.");
        var frames = new EventBatchFrame[count];
        long offset = 0;
        var last = -1L;
        for (var number = 0; number < count; number++)
        {
            var frame = ReadFrame(content.Slice(FixedLength + (EntryLength * number), EntryLength), offset);
            Expect(frame.First.Value > last, "the frames are not in the order of positions.");
            (frames[number], offset, last) = (frame, offset + frame.Length, frame.Last.Value);
        }

        // No frame can be longer than all of them, so nothing of this overflows.
        Expect(
            frames.Sum(frame => (long)frame.ContentLength) <= EventBatchLimits.MostContentBytes,
            "its lines are longer than those of a batch can be.");
        Expect(frames.Sum(frame => (long)frame.FilterLength) <= MaxFilters, "the filters are too long.");
        var store = new StoreIdentity(
            new Guid(content.Slice(16, 16), bigEndian: true), BinaryPrimitives.ReadInt64BigEndian(content[32..]));
        return new EventBatchIndex(store, compression, frames)
        {
            FiltersOffset = offset,
            FiltersDigest = new Sha256Digest(content.Slice(40, Sha256Digest.Length)),
            Digest = new Sha256Digest(content[^Sha256Digest.Length..]),
        };
    }

    private static EventBatchFrame ReadFrame(ReadOnlySpan<byte> entry, long offset)
    {
        var length = BinaryPrimitives.ReadInt32BigEndian(entry);
        var contentLength = BinaryPrimitives.ReadInt32BigEndian(entry[4..]);
        var events = BinaryPrimitives.ReadInt32BigEndian(entry[8..]);
        var filterLength = BinaryPrimitives.ReadInt32BigEndian(entry[12..]);
        var first = BinaryPrimitives.ReadInt64BigEndian(entry[16..]);
        var last = BinaryPrimitives.ReadInt64BigEndian(entry[24..]);
        var earliest = BinaryPrimitives.ReadInt64BigEndian(entry[32..]);
        var latest = BinaryPrimitives.ReadInt64BigEndian(entry[40..]);
        Expect(
            length > 0 && contentLength > 0 && events > 0 && StreamFilter.IsLength(filterLength),
            "a frame has an impossible length.");

        // What no writer can have written is not reserved memory for.
        Expect(
            (long)events * MinLine <= contentLength
            && filterLength <= StreamFilter.LengthFor(events)
            && length <= contentLength + (contentLength / 64L) + MaxLength,
            "a frame has lengths that do not fit each other.");
        Expect(first >= 0 && last >= first && last - first >= events - 1, "a frame has impossible positions.");
        Expect(earliest >= Earliest && latest <= Latest && earliest <= latest, "a frame has impossible times.");
        var frame = new EventBatchFrame(
            offset, length, contentLength, events, new Position(first), new Position(last),
            UnixMicroseconds.ToTime(earliest), UnixMicroseconds.ToTime(latest),
            new Sha256Digest(entry.Slice(48, Sha256Digest.Length)));
        return frame with { FilterLength = filterLength };
    }

    // Where the seek table's frame begins, and how many frames of events there are.
    private static int FindSeekTable(ReadOnlySpan<byte> tail, out int frames)
    {
        Expect(tail.Length > SeekFooter, "it is too short.");
        var footer = tail[^SeekFooter..];
        Expect(
            BinaryPrimitives.ReadUInt32LittleEndian(footer[5..]) == SeekableMagic && footer[4] == 0,
            "it does not end with a seek table.");
        var count = BinaryPrimitives.ReadUInt32LittleEndian(footer);
        Expect(count is > 2 and <= MaxFrames + 2, "its number of frames is out of range.");
        frames = (int)count - 2;
        var length = (SeekEntry * (int)count) + SeekFooter;
        var start = tail.Length - length - FrameHead;
        Expect(
            start > 0 && IsHead(tail[start..], SeekTableMagic, length),
            "its seek table does not begin where it should.");
        return start;
    }

    private static void CheckSeekTable(ReadOnlySpan<byte> table, EventBatchIndex index, int indexLength)
    {
        foreach (var frame in index.Frames)
        {
            CheckSeekEntry(ref table, frame.Length, frame.ContentLength);
        }

        CheckSeekEntry(ref table, FrameHead + index.FiltersLength, 0);
        CheckSeekEntry(ref table, FrameHead + indexLength, 0);
    }

    private static void CheckSeekEntry(ref ReadOnlySpan<byte> table, int length, int contentLength)
    {
        Expect(
            BinaryPrimitives.ReadInt32LittleEndian(table) == length
            && BinaryPrimitives.ReadInt32LittleEndian(table[4..]) == contentLength,
            "seek table and index differ.");
        table = table[SeekEntry..];
    }

    private static void WriteSeekEntry(ref Span<byte> rest, int length, int contentLength)
    {
        BinaryPrimitives.WriteInt32LittleEndian(rest, length);
        BinaryPrimitives.WriteInt32LittleEndian(rest[4..], contentLength);
        rest = rest[SeekEntry..];
    }

    private static void WriteHead(ref Span<byte> rest, uint magic, int length)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(rest, magic);
        BinaryPrimitives.WriteInt32LittleEndian(rest[4..], length);
        rest = rest[FrameHead..];
    }

    private static bool IsHead(ReadOnlySpan<byte> frame, uint magic, int length) =>
        BinaryPrimitives.ReadUInt32LittleEndian(frame) == magic
        && BinaryPrimitives.ReadInt32LittleEndian(frame[4..]) == length;

    private static void Expect(bool condition, string otherwise)
    {
        if (!condition)
        {
            throw new InvalidFormatException(FormatName, otherwise);
        }
    }
}
