using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace K1s0.EventStore.Compression;

/// <summary>
/// What many small contents have in common, so that each compresses well by itself: a trained dictionary of Zstandard,
/// or any bytes. Keep it as long as anything is to be read that was compressed with it. Immutable and thread-safe.
/// </summary>
[SuppressMessage(
    "Naming", "CA1711", Justification = "That is what Zstandard calls it; no collection is meant.")]
public sealed class CompressionDictionary
{
    /// <summary>The fewest bytes: 8.</summary>
    public const int LeastBytes = 8;

    /// <summary>The most bytes: 16 MiB.</summary>
    public const int GreatestBytes = 16 * 1024 * 1024;

    private const uint TrainedMagic = 0xEC30A437;

    private readonly byte[] _content;

    /// <summary>A dictionary that was trained before, or any bytes.</summary>
    /// <param name="content">8 bytes to 16 MiB; copied.</param>
    /// <exception cref="ArgumentException">The length is another.</exception>
    public CompressionDictionary(ReadOnlySpan<byte> content)
    {
        if (content.Length is < LeastBytes or > GreatestBytes)
        {
            throw new ArgumentException(
                $"A dictionary has {LeastBytes} to {GreatestBytes} bytes, not {content.Length}.", nameof(content));
        }

        _content = content.ToArray();
        Digested = new ZstdDictionary(_content);
        Id = BinaryPrimitives.ReadUInt32LittleEndian(content) == TrainedMagic
            ? BinaryPrimitives.ReadUInt32LittleEndian(content[sizeof(uint)..])
            : 0;
    }

    /// <summary>The bytes, to be kept.</summary>
    public ReadOnlyMemory<byte> Content => _content;

    /// <summary>The id that frames name it by; 0 when it was not trained, and then frames do not name it.</summary>
    public long Id { get; }

    /// <summary>The forms that the system's Zstandard works with, made when first needed.</summary>
    internal ZstdDictionary Digested { get; }

    /// <summary>Makes a dictionary from samples of what is going to be compressed.</summary>
    /// <param name="samples">Some hundred contents of about a kilobyte are good.</param>
    /// <param name="maxBytes">The most bytes that it may have: 1 KiB to 16 MiB, 32 KiB by default.</param>
    /// <exception cref="ArgumentException">There are too few samples, or they have nothing in common.</exception>
    /// <exception cref="CompressionUnavailableException">The system has no libzstd.</exception>
    public static CompressionDictionary Train(
        IReadOnlyList<ReadOnlyMemory<byte>> samples, int maxBytes = 32 * 1024)
    {
        ArgumentNullException.ThrowIfNull(samples);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxBytes, 1024);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(maxBytes, GreatestBytes);
        ZstdLibrary.EnsureLoaded();
        var lengths = new nuint[samples.Count];
        var all = new byte[samples.Sum(sample => (long)sample.Length)];
        var at = 0;
        for (var index = 0; index < lengths.Length; index++)
        {
            samples[index].CopyTo(all.AsMemory(at));
            at += samples[index].Length;
            lengths[index] = (nuint)samples[index].Length;
        }

        var trained = new byte[maxBytes];
        var written = ZstdLibrary.Train(trained, (nuint)trained.Length, all, lengths, (uint)lengths.Length);
        return ZstdLibrary.IsTrainingError(written) != 0
            ? throw new ArgumentException(
                $"No dictionary can be made of these {samples.Count} samples: {ZstdLibrary.ErrorText(written)}.",
                nameof(samples))
            : new CompressionDictionary(trained.AsSpan(0, (int)written));
    }
}
