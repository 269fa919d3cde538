using K1s0.EventStore.Compression;

namespace K1s0.EventStore.Sync.Tests;

/// <summary>A codec that never makes anything smaller, so that frames go as they are.</summary>
internal sealed class NoCompression : ICompressionCodec
{
    public CompressionFormat Format => CompressionFormat.None;

    public int MaxCompressedLength(int length) => length + 1;

    public long? ReadContentLength(ReadOnlySpan<byte> compressed) => compressed.Length;

    public int Compress(ReadOnlySpan<byte> content, Span<byte> destination, CompressionDictionary? dictionary)
    {
        content.CopyTo(destination);
        return content.Length + 1;
    }

    public int Decompress(ReadOnlySpan<byte> compressed, Span<byte> destination, CompressionDictionary? dictionary) =>
        throw new NotSupportedException();
}
