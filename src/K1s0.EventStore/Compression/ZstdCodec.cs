using System.Buffers.Binary;

namespace K1s0.EventStore.Compression;

/// <summary>
/// Zstandard by the system's libzstd, one call for a whole frame. Contexts are expensive to make and not thread-safe,
/// so a few idle ones are kept.
/// </summary>
internal sealed class ZstdCodec(int level) : ICompressionCodec
{
    public const int LeastLevel = 1;
    public const int DefaultLevel = 3;
    public const int GreatestLevel = 19;

    private const uint FrameMagic = 0xFD2FB528;
    private const byte ChecksumFlag = 0x04;

    private readonly IdleHandles<ZstdLibrary.CompressionContext> _compressing = new(ZstdLibrary.NewCompressionContext);
    private readonly IdleHandles<ZstdLibrary.DecompressionContext> _decompressing = new(
        ZstdLibrary.NewDecompressionContext);

    public CompressionFormat Format => CompressionFormat.Zstd;

    public int MaxCompressedLength(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        return checked((int)ZstdLibrary.CompressBound((nuint)length));
    }

    public long? ReadContentLength(ReadOnlySpan<byte> compressed) =>
        !IsOurFrame(compressed)
            ? null
            : ZstdLibrary.ContentSize(compressed, (nuint)compressed.Length) switch
            {
                ZstdLibrary.UnknownContentSize or ZstdLibrary.InvalidContentSize => null,
                var size => (long)Math.Min(size, long.MaxValue),
            };

    public int Compress(ReadOnlySpan<byte> content, Span<byte> destination, CompressionDictionary? dictionary)
    {
        var context = _compressing.Take();
        try
        {
            Check(ZstdLibrary.Reset(context, ZstdLibrary.ResetAll));
            Check(ZstdLibrary.Set(context, ZstdLibrary.LevelParameter, level));
            Check(ZstdLibrary.Set(context, ZstdLibrary.ChecksumParameter, 1));
            if (dictionary is not null)
            {
                Check(ZstdLibrary.UseDictionary(context, dictionary.Digested.ForCompressing(level)));
            }

            var written = ZstdLibrary.Compress(
                context, destination, (nuint)destination.Length, content, (nuint)content.Length);

            // The context refers to the dictionary's native form, which must not be freed before.
            GC.KeepAlive(dictionary);
            Check(written, destination);
            return (int)written;
        }
        finally
        {
            _compressing.Return(context);
        }
    }

    public int Decompress(ReadOnlySpan<byte> compressed, Span<byte> destination, CompressionDictionary? dictionary) =>
        TryDecompress(compressed, destination, dictionary, out var written) switch
        {
            null => written,
            DecompressionFault.TooLarge => throw new DecompressionException(
                DecompressionFault.TooLarge, $"it holds more than {destination.Length} bytes."),
            DecompressionFault.WrongDictionary => throw new DecompressionException(
                DecompressionFault.WrongDictionary,
                dictionary is null
                    ? "it was compressed with a dictionary, and none was given."
                    : $"it was compressed without dictionary {dictionary.Id}, or with another one."),
            var fault => throw new DecompressionException(
                fault.Value, "it is not one whole frame of Zstandard whose checksum is right."),
        };

    /// <summary>Decompresses without an exception for what is wrong with the bytes.</summary>
    /// <returns>What is wrong; null when nothing is.</returns>
    internal DecompressionFault? TryDecompress(
        ReadOnlySpan<byte> compressed, Span<byte> destination, CompressionDictionary? dictionary, out int written)
    {
        written = 0;
        var length = (nuint)compressed.Length;
        if (!IsOurFrame(compressed) || ZstdLibrary.FindFrameLength(compressed, length) != length)
        {
            return DecompressionFault.Damaged;
        }

        var size = ZstdLibrary.ContentSize(compressed, length);
        if (size < ZstdLibrary.InvalidContentSize && size > (ulong)destination.Length)
        {
            return DecompressionFault.TooLarge;
        }

        var context = _decompressing.Take();
        nuint result;
        try
        {
            result = dictionary is null
                ? ZstdLibrary.Decompress(context, destination, (nuint)destination.Length, compressed, length)
                : ZstdLibrary.Decompress(
                    context, destination, (nuint)destination.Length, compressed, length,
                    dictionary.Digested.ForDecompressing());
        }
        finally
        {
            _decompressing.Return(context);
        }

        if (ZstdLibrary.IsError(result) == 0)
        {
            written = (int)result;
            return null;
        }

        return ZstdLibrary.ErrorCode(result) switch
        {
            // The frame did not say how much it holds.
            ZstdLibrary.DestinationTooSmall when size == ZstdLibrary.UnknownContentSize => DecompressionFault.TooLarge,
            ZstdLibrary.DictionaryWrong => DecompressionFault.WrongDictionary,
            ZstdLibrary.OutOfMemory => throw OutOfMemory(),
            _ => DecompressionFault.Damaged,
        };
    }

    // Neither a skippable frame nor one of an old version, and with a checksum: without one, a change stays unseen.
    private static bool IsOurFrame(ReadOnlySpan<byte> compressed) =>
        compressed.Length > sizeof(uint)
        && BinaryPrimitives.ReadUInt32LittleEndian(compressed) == FrameMagic
        && (compressed[sizeof(uint)] & ChecksumFlag) != 0;

    private static void Check(nuint result, ReadOnlySpan<byte> destination = default)
    {
        if (ZstdLibrary.IsError(result) == 0)
        {
            return;
        }

        throw ZstdLibrary.ErrorCode(result) switch
        {
            ZstdLibrary.DestinationTooSmall => new ArgumentException(
                $"{destination.Length} bytes are fewer than {nameof(MaxCompressedLength)} says.", nameof(destination)),
            ZstdLibrary.OutOfMemory => OutOfMemory(),
            _ => new InvalidOperationException($"libzstd failed: {ZstdLibrary.ErrorText(result)}."),
        };
    }

    private static CompressionUnavailableException OutOfMemory() =>
        new(CompressionFormat.Zstd, "libzstd got no memory.");
}
