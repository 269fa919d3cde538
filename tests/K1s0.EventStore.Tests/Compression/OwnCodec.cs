using K1s0.EventStore.Compression;

namespace K1s0.EventStore.Tests.Compression;

/// <summary>A codec as an application would bring it; it counts, and leaves the work to that of the system.</summary>
internal sealed class OwnCodec : ICompressionCodec
{
    private readonly ICompressionCodec _inner = CompressionCodecs.Zstd();

    public int Compressed { get; private set; }

    public CompressionFormat Format => CompressionFormat.Zstd;

    public int MaxCompressedLength(int length) => _inner.MaxCompressedLength(length);

    public long? ReadContentLength(ReadOnlySpan<byte> compressed) => _inner.ReadContentLength(compressed);

    public int Compress(ReadOnlySpan<byte> content, Span<byte> destination, CompressionDictionary? dictionary)
    {
        Compressed++;
        return _inner.Compress(content, destination, dictionary);
    }

    public int Decompress(ReadOnlySpan<byte> compressed, Span<byte> destination, CompressionDictionary? dictionary) =>
        _inner.Decompress(compressed, destination, dictionary);
}
