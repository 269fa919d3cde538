using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;

namespace K1s0.EventStore.Compression;

/// <summary>Brotli of the base library, for systems without libzstd.</summary>
/// <remarks>
/// <code>
/// integers big-endian
///
///  offset  length
///  +-----+----+-------------------------------------+
///  |   0 |  4 | length of the content, in bytes     |
///  |   4 |  4 | CRC-32C of the content              |
///  |   8 |    | one stream of Brotli (RFC 7932)     |
///  +-----+----+-------------------------------------+
/// </code>
/// The layout is published: it is never edited, a new one gets a new <see cref="CompressionFormat"/>.
/// </remarks>
internal sealed class BrotliCodec : ICompressionCodec
{
    private const int HeaderLength = 2 * sizeof(uint);

    // About the speed and the ratio of Zstandard at its lowest levels.
    private const int Quality = 4;
    private const int WindowBits = 22;

    public CompressionFormat Format => CompressionFormat.Brotli;

    public int MaxCompressedLength(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        return checked(HeaderLength + BrotliEncoder.GetMaxCompressedLength(length));
    }

    public long? ReadContentLength(ReadOnlySpan<byte> compressed) =>
        compressed.Length > HeaderLength ? BinaryPrimitives.ReadUInt32BigEndian(compressed) : null;

    public int Compress(ReadOnlySpan<byte> content, Span<byte> destination, CompressionDictionary? dictionary)
    {
        RefuseDictionary(dictionary);
        if (destination.Length < HeaderLength
            || !BrotliEncoder.TryCompress(content, destination[HeaderLength..], out var written, Quality, WindowBits))
        {
            throw new ArgumentException(
                $"{destination.Length} bytes are fewer than {nameof(MaxCompressedLength)} says.", nameof(destination));
        }

        BinaryPrimitives.WriteUInt32BigEndian(destination, (uint)content.Length);
        BinaryPrimitives.WriteUInt32BigEndian(destination[sizeof(uint)..], Crc32C.Of(content));
        return HeaderLength + written;
    }

    public int Decompress(ReadOnlySpan<byte> compressed, Span<byte> destination, CompressionDictionary? dictionary)
    {
        RefuseDictionary(dictionary);
        if (ReadContentLength(compressed) is not { } length)
        {
            throw Damaged();
        }

        if (length > destination.Length)
        {
            throw new DecompressionException(
                DecompressionFault.TooLarge, $"it claims {length} bytes, and there is room for {destination.Length}.");
        }

        var content = destination[..(int)length];
        return IsStreamOf(content, compressed[HeaderLength..])
            && Crc32C.Of(content) == BinaryPrimitives.ReadUInt32BigEndian(compressed[sizeof(uint)..])
            ? content.Length
            : throw Damaged();
    }

    // The stream ends where the content and the compressed bytes do, all three.
    private static bool IsStreamOf(Span<byte> content, ReadOnlySpan<byte> stream)
    {
        // The decoder does not even start without room.
        Span<byte> room = stackalloc byte[1];
        using var decoder = new BrotliDecoder();
        var status = decoder.Decompress(
            stream, content.IsEmpty ? room : content, out var consumed, out var written);
        return status is OperationStatus.Done && consumed == stream.Length && written == content.Length;
    }

    private static void RefuseDictionary(CompressionDictionary? dictionary)
    {
        if (dictionary is not null)
        {
            throw new ArgumentException("Brotli has no dictionaries.", nameof(dictionary));
        }
    }

    private static DecompressionException Damaged() => new(
        DecompressionFault.Damaged, "it is not one whole stream of Brotli with the length and checksum that it names.");
}
