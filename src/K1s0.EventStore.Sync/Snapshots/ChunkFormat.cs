using System.Buffers.Binary;
using System.Security.Cryptography;

namespace K1s0.EventStore.Sync.Snapshots;

/// <summary>Cuts the entries of a state into chunks, and reads them out again. Version 1.</summary>
/// <remarks>
/// <code>
/// chunk    entries, one or more, by ascending key: length of the key, key, length of the value, value
///          lengths are canonical integers, see WireReader
///
/// A chunk ends behind the first entry in or behind which the rolling hash is 0 in its upper 15 bits, from the 32,768th
/// byte on; and before an entry that would make it longer than 262,144 bytes, unless that entry is its first.
///
/// rolling hash    h = 2 h + gear[byte] modulo 2^64, so it depends on the last 64 bytes; 0 before the chunk
/// gear[i]         the first 8 bytes, big-endian, of SHA-256("k1s0-sync-gear/1" | i, 1 byte)
/// </code>
/// So a chunk has about 64 KiB, and where it ends depends on what it holds and not on its place: an entry that is
/// changed, added or taken away changes the chunk that it is in, and seldom the next one or two. The layout and the
/// rule of cutting are published: they are never edited.
/// </remarks>
internal static class ChunkFormat
{
    public const int LeastBytes = 32 * 1024;
    public const int MostBytes = 256 * 1024;

    private const int HashedBits = 15;
    private const int WindowBytes = 64;

    private static readonly ulong[] Gear = [.. Enumerable.Range(0, 256).Select(number =>
        BinaryPrimitives.ReadUInt64BigEndian(SHA256.HashData([.. "k1s0-sync-gear/1"u8, (byte)number])))];

    /// <summary>Cuts entries into the contents of chunks.</summary>
    /// <exception cref="ArgumentException">An entry is too large, or they do not ascend.</exception>
    public static IEnumerable<byte[]> Cut(IEnumerable<SnapshotEntry> entries)
    {
        using var chunk = new WireWriter();
        var (hash, before) = (0UL, ReadOnlyMemory<byte>.Empty);
        foreach (var entry in entries)
        {
            Check(entry, before);
            before = entry.Key;
            if (chunk.Length > 0 && chunk.Length + SizeOf(entry) > MostBytes)
            {
                yield return chunk.Written.ToArray();
                chunk.Clear();
                hash = 0;
            }

            var from = chunk.Length;
            chunk.Field(entry.Key.Span);
            chunk.Field(entry.Value.Span);
            if (EndsWithin(chunk.Written, from, ref hash))
            {
                yield return chunk.Written.ToArray();
                chunk.Clear();
                hash = 0;
            }
        }

        if (chunk.Length > 0)
        {
            yield return chunk.Written.ToArray();
        }
    }

    /// <summary>Reads a chunk; the entries are slices of it.</summary>
    /// <param name="content">The content, which may be anything.</param>
    /// <param name="before">The last key before the chunk; empty at the start.</param>
    /// <param name="problem">What is wrong, as a sentence; null when nothing is.</param>
    /// <returns>The entries; none when something is wrong.</returns>
    public static List<SnapshotEntry> Read(
        ReadOnlyMemory<byte> content, ReadOnlyMemory<byte> before, out string? problem)
    {
        var reader = new WireReader(content.Span);
        var entries = new List<SnapshotEntry>();
        if (content.IsEmpty)
        {
            reader.Break("a chunk is empty.");
        }

        while (reader.Remaining > 0)
        {
            var key = Slice(ref reader, content, SnapshotLimits.MaxKeyBytes);
            var value = Slice(ref reader, content, SnapshotLimits.MaxValueBytes);
            if (!reader.IsBroken && key.Span.SequenceCompareTo(before.Span) <= 0)
            {
                reader.Break("the keys do not ascend.");
            }

            entries.Add(new SnapshotEntry(key, value));
            before = key;
        }

        problem = reader.IsBroken ? reader.Problem : null;
        return reader.IsBroken ? [] : entries;
    }

    private static ReadOnlyMemory<byte> Slice(ref WireReader reader, ReadOnlyMemory<byte> content, int maxBytes)
    {
        var length = reader.Count(maxBytes, 1);
        var at = content.Length - reader.Remaining;
        reader.Bytes(length);
        return reader.IsBroken ? default : content.Slice(at, length);
    }

    private static void Check(SnapshotEntry entry, ReadOnlyMemory<byte> before)
    {
        if (entry.Key.Length is 0 or > SnapshotLimits.MaxKeyBytes || entry.Value.Length > SnapshotLimits.MaxValueBytes)
        {
            throw new ArgumentException(
                $"A key of {entry.Key.Length} bytes with a value of {entry.Value.Length} is empty or too large.",
                nameof(entry));
        }

        if (entry.Key.Span.SequenceCompareTo(before.Span) <= 0)
        {
            throw new ArgumentException("The keys of a snapshot ascend, and none comes twice.", nameof(entry));
        }
    }

    private static int SizeOf(SnapshotEntry entry) =>
        LengthOf(entry.Key.Length) + entry.Key.Length + LengthOf(entry.Value.Length) + entry.Value.Length;

    private static int LengthOf(int value) => value < 1 << 7 ? 1 : value < 1 << 14 ? 2 : 3;

    // Bytes that cannot be in the window where it first counts are not looked at.
    private static bool EndsWithin(ReadOnlySpan<byte> chunk, int from, ref ulong hash)
    {
        var isEnd = false;
        for (var i = Math.Max(from, LeastBytes - WindowBytes); i < chunk.Length; i++)
        {
            hash = (hash << 1) + Gear[chunk[i]];
            isEnd |= i >= LeastBytes - 1 && hash >> (64 - HashedBits) == 0;
        }

        return isEnd;
    }
}
