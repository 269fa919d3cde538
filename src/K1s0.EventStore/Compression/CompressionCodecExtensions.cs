using System.Buffers;

namespace K1s0.EventStore.Compression;

/// <summary>Compressing and decompressing into new arrays.</summary>
public static class CompressionCodecExtensions
{
    private const int LeastGuess = 64 * 1024;

    /// <summary>Compresses a content into a new array.</summary>
    /// <param name="codec">The codec.</param>
    /// <param name="content">The content; may be empty.</param>
    /// <param name="dictionary">What small contents have in common, or null.</param>
    /// <exception cref="ArgumentException">The format has no dictionaries and one was given.</exception>
    public static byte[] Compress(
        this ICompressionCodec codec, ReadOnlySpan<byte> content, CompressionDictionary? dictionary = null)
    {
        ArgumentNullException.ThrowIfNull(codec);
        var buffer = ArrayPool<byte>.Shared.Rent(codec.MaxCompressedLength(content.Length));
        try
        {
            return buffer.AsSpan(0, codec.Compress(content, buffer, dictionary)).ToArray();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Decompresses one whole piece into a new array.</summary>
    /// <param name="codec">The codec of the piece's format.</param>
    /// <param name="compressed">Exactly what was compressed, no byte more.</param>
    /// <param name="maxLength">
    /// The largest content to accept, in bytes. Not more than that is ever reserved, whatever the piece claims.
    /// </param>
    /// <param name="dictionary">The dictionary that it was compressed with, or null.</param>
    /// <exception cref="DecompressionException">The piece is damaged, or holds more than accepted.</exception>
    public static byte[] Decompress(
        this ICompressionCodec codec,
        ReadOnlySpan<byte> compressed,
        int maxLength,
        CompressionDictionary? dictionary = null)
    {
        ArgumentNullException.ThrowIfNull(codec);
        ArgumentOutOfRangeException.ThrowIfNegative(maxLength);
        if (codec.ReadContentLength(compressed) is not { } claimed)
        {
            return DecompressUnsized(codec, compressed, maxLength, dictionary);
        }

        if (claimed > maxLength)
        {
            throw new DecompressionException(
                DecompressionFault.TooLarge, $"it claims {claimed} bytes, and {maxLength} are accepted.");
        }

        var content = new byte[claimed];
        var written = codec.Decompress(compressed, content, dictionary);
        return written == claimed
            ? content
            : throw new DecompressionException(
                DecompressionFault.Damaged, $"it holds {written} bytes and claims {claimed}.");
    }

    // Whoever wrote it did not know the length before. Takes a guess, and twice as much as often as it is too small.
    private static byte[] DecompressUnsized(
        ICompressionCodec codec, ReadOnlySpan<byte> compressed, int maxLength, CompressionDictionary? dictionary)
    {
        var guess = (int)Math.Min(maxLength, Math.Max(LeastGuess, 4L * compressed.Length));
        while (true)
        {
            var buffer = ArrayPool<byte>.Shared.Rent(guess);
            try
            {
                return buffer.AsSpan(0, codec.Decompress(compressed, buffer.AsSpan(0, guess), dictionary)).ToArray();
            }
            catch (DecompressionException e) when (e.Fault is DecompressionFault.TooLarge && guess < maxLength)
            {
                guess = (int)Math.Min(maxLength, 2L * guess);
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }
    }
}
