namespace K1s0.EventStore.Compression;

/// <summary>
/// The codecs that an application compresses and decompresses with. <see cref="OfSystem"/> needs nothing to be set up;
/// an application that brings its own codec makes a set with it and registers that before the event store:
/// <c>services.AddSingleton(new CompressionCodecs(codec))</c>. Thread-safe.
/// </summary>
public sealed class CompressionCodecs
{
    private static readonly Lazy<CompressionCodecs> Found = new(() => Choose(IsZstdAvailable));

    private readonly ICompressionCodec[] _given;

    /// <summary>A set of codecs.</summary>
    /// <param name="preferred">The codec that new content is compressed with.</param>
    /// <param name="others">More codecs for reading, which go before those of the system.</param>
    public CompressionCodecs(ICompressionCodec preferred, params IReadOnlyList<ICompressionCodec> others)
    {
        ArgumentNullException.ThrowIfNull(preferred);
        ArgumentNullException.ThrowIfNull(others);
        Preferred = preferred;
        _given = [preferred, .. others];
    }

    /// <summary>
    /// Zstandard when the system has libzstd 1.4 or newer, Brotli of the base library otherwise. Looked up when first
    /// asked for, then kept; whoever must know looks at the <see cref="ICompressionCodec.Format"/> of
    /// <see cref="Preferred"/>.
    /// </summary>
    public static CompressionCodecs OfSystem => Found.Value;

    /// <summary>Whether the system's libzstd can be called.</summary>
    public static bool IsZstdAvailable => ZstdLibrary.IsAvailable;

    /// <summary>The codec that new content is compressed with.</summary>
    public ICompressionCodec Preferred { get; }

    /// <summary>Zstandard by the system's libzstd, frames with content size and checksum.</summary>
    /// <param name="level">1 (fast) to 19 (small); 3 is what the zstd program takes by default.</param>
    /// <exception cref="ArgumentOutOfRangeException">The level is out of range.</exception>
    /// <exception cref="CompressionUnavailableException">The library is not there; the message says what to install.
    /// </exception>
    public static ICompressionCodec Zstd(int level = ZstdCodec.DefaultLevel)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(level, ZstdCodec.LeastLevel);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(level, ZstdCodec.GreatestLevel);
        ZstdLibrary.EnsureLoaded();
        return new ZstdCodec(level);
    }

    /// <summary>Brotli of the base library at quality 4, which is always there. It has no dictionaries.</summary>
    public static ICompressionCodec Brotli() => new BrotliCodec();

    /// <summary>The codec that reads a format.</summary>
    /// <param name="format">The format, as it was recorded.</param>
    /// <exception cref="CompressionUnavailableException">
    /// It is Zstandard, none was given and the system has no libzstd; the message says what to install.
    /// </exception>
    /// <exception cref="ArgumentException"><see cref="CompressionFormat.None"/>, which needs no codec.</exception>
    /// <exception cref="UnsupportedFormatException">The number stands for no format that is known.</exception>
    public ICompressionCodec For(CompressionFormat format) =>
        Array.Find(_given, codec => codec.Format == format) ?? format switch
        {
            CompressionFormat.Zstd => Zstd(),
            CompressionFormat.Brotli => Brotli(),
            CompressionFormat.None => throw new ArgumentException(
                "What is not compressed has no codec.", nameof(format)),
            _ => throw new UnsupportedFormatException("compression", (int)format, (int)CompressionFormat.Brotli),
        };

    /// <summary>What <see cref="OfSystem"/> is where Zstandard is there or is not.</summary>
    internal static CompressionCodecs Choose(bool zstd) => new(zstd ? Zstd() : Brotli(), Brotli());
}
