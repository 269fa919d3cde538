namespace K1s0.EventStore.Compression;

/// <summary>
/// Compresses and decompresses whole pieces of bytes in one format. The seam that an application fills to bring a
/// codec of its own: see <see cref="CompressionCodecs"/>. Implementations are thread-safe.
/// </summary>
/// <remarks>
/// An implementation finds every change of the compressed bytes by a checksum of at least 32 bits, takes nothing but
/// one whole piece (no byte less, no byte more), and reserves no memory by what the compressed bytes claim.
/// </remarks>
public interface ICompressionCodec
{
    /// <summary>The format, to be recorded beside the compressed bytes.</summary>
    CompressionFormat Format { get; }

    /// <summary>How many bytes <see cref="Compress"/> may need for a content, in the worst case.</summary>
    /// <param name="length">The length of the content in bytes, 0 or more.</param>
    /// <exception cref="OverflowException">The content would not fit into an array.</exception>
    int MaxCompressedLength(int length);

    /// <summary>The length of the content that compressed bytes claim to hold: a claim, not a fact.</summary>
    /// <param name="compressed">What <see cref="Compress"/> wrote, or anything.</param>
    /// <returns>Bytes; null when the compressed bytes do not say, or are damaged.</returns>
    long? ReadContentLength(ReadOnlySpan<byte> compressed);

    /// <summary>Compresses a content.</summary>
    /// <param name="content">The content; may be empty.</param>
    /// <param name="destination">At least <see cref="MaxCompressedLength"/> bytes.</param>
    /// <param name="dictionary">
    /// What small contents have in common, or null. Decompressing needs the same dictionary.
    /// </param>
    /// <returns>How many bytes were written.</returns>
    /// <exception cref="ArgumentException">
    /// The destination is too small, or the format has no dictionaries and one was given.
    /// </exception>
    /// <exception cref="InvalidFormatException">The dictionary is damaged.</exception>
    int Compress(ReadOnlySpan<byte> content, Span<byte> destination, CompressionDictionary? dictionary);

    /// <summary>Decompresses one whole piece into memory of the caller, and never writes more than fits.</summary>
    /// <param name="compressed">Exactly what <see cref="Compress"/> wrote.</param>
    /// <param name="destination">Where to; its length is the limit. Undefined when an exception is thrown.</param>
    /// <param name="dictionary">The dictionary that it was compressed with, or null.</param>
    /// <returns>How many bytes the content has.</returns>
    /// <exception cref="DecompressionException">
    /// The bytes are damaged, cut off or followed by others, need another dictionary, or hold more than fits.
    /// </exception>
    /// <exception cref="ArgumentException">The format has no dictionaries and one was given.</exception>
    /// <exception cref="InvalidFormatException">The dictionary is damaged.</exception>
    int Decompress(ReadOnlySpan<byte> compressed, Span<byte> destination, CompressionDictionary? dictionary);
}
