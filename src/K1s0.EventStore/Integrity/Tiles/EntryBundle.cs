using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;

namespace K1s0.EventStore.Integrity;

/// <summary>The entries of a log under one tile of level 0, after C2SP tlog-tiles.</summary>
/// <remarks>
/// <code>
/// up to 256 times:  length (2 bytes, big-endian) | entry            path  tile/entries/000, tile/entries/000.p/17
/// </code>
/// Stateless.
/// </remarks>
public static class EntryBundle
{
    /// <summary>The length of the longest entry in bytes: 65,535.</summary>
    public const int MaxEntryLength = ushort.MaxValue;

    private const string FormatName = "entry bundle";

    /// <summary>The path of a bundle within the log.</summary>
    /// <param name="index">The index of the tile of level 0 over the same entries.</param>
    /// <param name="width">The number of entries, 1 to 256.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of its range.</exception>
    public static string Path(long index, int width)
    {
        var tile = new MerkleTile(0, index, width);
        return TilePath.Format("entries", tile.Index, tile.Width);
    }

    /// <summary>Appends an entry to a bundle.</summary>
    /// <param name="bundle">The bundle so far.</param>
    /// <param name="entry">At most <see cref="MaxEntryLength"/> bytes.</param>
    /// <exception cref="ArgumentException">The entry is too long.</exception>
    public static void Append(IBufferWriter<byte> bundle, ReadOnlySpan<byte> entry)
    {
        ArgumentNullException.ThrowIfNull(bundle);
        if (entry.Length > MaxEntryLength)
        {
            throw new ArgumentException($"An entry has at most {MaxEntryLength} bytes.", nameof(entry));
        }

        BinaryPrimitives.WriteUInt16BigEndian(bundle.GetSpan(sizeof(ushort)), (ushort)entry.Length);
        bundle.Advance(sizeof(ushort));
        bundle.Write(entry);
    }

    /// <summary>Takes a bundle apart.</summary>
    /// <param name="bundle">The bytes of the bundle.</param>
    /// <returns>Its entries, at most 256, as parts of the same memory.</returns>
    /// <exception cref="InvalidFormatException">It ends within an entry, or has more than 256.</exception>
    public static IReadOnlyList<ReadOnlyMemory<byte>> Read(ReadOnlyMemory<byte> bundle)
    {
        var entries = new List<ReadOnlyMemory<byte>>();
        while (!bundle.IsEmpty)
        {
            var isWhole = BinaryPrimitives.TryReadUInt16BigEndian(bundle.Span, out var length);
            if (!isWhole || bundle.Length < sizeof(ushort) + length)
            {
                throw new InvalidFormatException(
                    FormatName, string.Create(CultureInfo.InvariantCulture, $"it ends within entry {entries.Count}."));
            }

            if (entries.Count == MerkleTile.FullWidth)
            {
                throw new InvalidFormatException(FormatName, "it has more than 256 entries.");
            }

            entries.Add(bundle.Slice(sizeof(ushort), length));
            bundle = bundle[(sizeof(ushort) + length)..];
        }

        return entries;
    }
}
