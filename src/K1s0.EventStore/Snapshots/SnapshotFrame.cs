using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Serialization;
using K1s0.EventStore.Compression;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore;

/// <summary>
/// A state with what tells whether it may be used: the fold that it is the result of, and the place in its stream by
/// version and chain hash. Compressed, with both sizes. Version 1.
/// </summary>
/// <remarks>
/// <code>
/// integers big-endian
///
///  offset    length
///  +--------+----+-------------------------------------------------------------------------------+
///  |   0    |  1 | 0xFF: no text in UTF-8 begins so, and no JSON                                  |
///  |   1    |  1 | version: 1                                                                     |
///  |   2    |  1 | compression: 0 none, 1 Zstandard, 2 Brotli, see CompressionFormat              |
///  |   3    |  1 | n, length of the state's name                                                  |
///  |   4    |  4 | version of the state, 1 or more                                                |
///  |   8    |  8 | version of the stream's last event in the state, 1 or more                     |
///  |  16    | 32 | chain hash of that event, see StreamChain                                      |
///  |  48    |  4 | m, length of the state's JSON before compression                               |
///  |  52    |  n | name of the state, UTF-8                                                       |
///  |  52+n  |  c | the state's JSON, compressed                                                   |
///  |  52+n+c| 32 | SHA-256 of everything before                                                   |
///  +--------+----+-------------------------------------------------------------------------------+
/// </code>
/// The layout is published: it is never edited, a new one gets a new version. Immutable and thread-safe. Serialised as
/// JSON by a snapshot store that knows nothing of it, it is its bytes in base64.
/// </remarks>
[JsonConverter(typeof(SnapshotFrameConverter))]
public sealed class SnapshotFrame
{
    internal const string FormatName = "snapshot";

    private const byte FormatVersion = 1;
    private const int CompressionAt = 2;
    private const int NameLengthAt = 3;
    private const int StateVersionAt = 4;
    private const int StreamVersionAt = 8;
    private const int ChainHashAt = 16;
    private const int OriginalBytesAt = ChainHashAt + Sha256Digest.Length;
    private const int NameAt = OriginalBytesAt + sizeof(int);
    private const int MaxNameBytes = 255;

    // Compressing less than this saves less than it costs.
    private const int LeastToCompress = 256;

    private readonly byte[] _bytes;

    private SnapshotFrame(byte[] bytes, string stateName) => (_bytes, StateName) = (bytes, stateName);

    /// <summary>The first byte of a frame.</summary>
    internal static byte FirstByte => 0xFF;

    /// <summary>The name of the state.</summary>
    public string StateName { get; }

    /// <summary>The version of the fold and of the state's shape.</summary>
    public int StateVersion => BinaryPrimitives.ReadInt32BigEndian(_bytes.AsSpan(StateVersionAt));

    /// <summary>The version of the last event in the state.</summary>
    public StreamVersion Version => new(BinaryPrimitives.ReadInt64BigEndian(_bytes.AsSpan(StreamVersionAt)));

    /// <summary>The chain hash of that event.</summary>
    public Sha256Digest ChainHash => new(_bytes.AsSpan(ChainHashAt, Sha256Digest.Length));

    /// <summary>How the state is compressed.</summary>
    public CompressionFormat Compression => (CompressionFormat)_bytes[CompressionAt];

    /// <summary>The length of the state's JSON, in bytes.</summary>
    public int OriginalBytes => BinaryPrimitives.ReadInt32BigEndian(_bytes.AsSpan(OriginalBytesAt));

    /// <summary>The length of the state's JSON as it is kept, in bytes.</summary>
    public int CompressedBytes => Compressed.Length;

    private ReadOnlySpan<byte> Compressed => _bytes.AsSpan()[(NameAt + _bytes[NameLengthAt])..^Sha256Digest.Length];

    /// <summary>Packs a state.</summary>
    /// <param name="stateName">The name of the state: 1 to 255 bytes of UTF-8.</param>
    /// <param name="stateVersion">The version of the fold: 1 or more.</param>
    /// <param name="version">The version of the last event in the state: 1 or more.</param>
    /// <param name="chainHash">The chain hash of that event.</param>
    /// <param name="stateUtf8">The state as JSON.</param>
    /// <param name="codec">How to compress it; states under 256 bytes, and those that do not shrink, stay as they are.
    /// </param>
    /// <exception cref="ArgumentException">A value is outside of its range.</exception>
    public static SnapshotFrame Pack(
        string stateName,
        int stateVersion,
        StreamVersion version,
        Sha256Digest chainHash,
        ReadOnlySpan<byte> stateUtf8,
        ICompressionCodec codec)
    {
        ArgumentException.ThrowIfNullOrEmpty(stateName);
        ArgumentOutOfRangeException.ThrowIfLessThan(stateVersion, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(version.Value, 1, nameof(version));
        ArgumentNullException.ThrowIfNull(codec);
        var name = Encoding.UTF8.GetBytes(stateName);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(name.Length, MaxNameBytes, nameof(stateName));
        var compressed = stateUtf8.Length < LeastToCompress ? null : codec.Compress(stateUtf8);
        var isCompressed = compressed is not null && compressed.Length < stateUtf8.Length;
        var kept = isCompressed ? compressed : stateUtf8;

        var bytes = new byte[NameAt + name.Length + kept.Length + Sha256Digest.Length];
        (bytes[0], bytes[1]) = (FirstByte, FormatVersion);
        bytes[CompressionAt] = (byte)(isCompressed ? codec.Format : CompressionFormat.None);
        bytes[NameLengthAt] = (byte)name.Length;
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(StateVersionAt), stateVersion);
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(StreamVersionAt), version.Value);
        chainHash.CopyTo(bytes.AsSpan(ChainHashAt));
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(OriginalBytesAt), stateUtf8.Length);
        name.CopyTo(bytes, NameAt);
        kept.CopyTo(bytes.AsSpan(NameAt + name.Length));
        var end = bytes.Length - Sha256Digest.Length;
        Sha256Digest.Of(bytes.AsSpan(0, end)).CopyTo(bytes.AsSpan(end));
        return new SnapshotFrame(bytes, stateName);
    }

    /// <summary>Reads a frame, and checks its bytes against the digest at its end.</summary>
    /// <param name="bytes">Exactly what <see cref="ToBytes"/> gave; copied.</param>
    /// <exception cref="InvalidFormatException">These bytes are no frame, or were changed.</exception>
    /// <exception cref="UnsupportedFormatException">It is of a version that this program does not know.</exception>
    public static SnapshotFrame Parse(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < 2 || bytes[0] != FirstByte)
        {
            throw new InvalidFormatException(FormatName, "it does not begin like one.");
        }

        if (bytes[1] != FormatVersion)
        {
            throw new UnsupportedFormatException(FormatName, bytes[1], FormatVersion);
        }

        var end = bytes.Length - Sha256Digest.Length;
        if (end < NameAt || end < NameAt + bytes[NameLengthAt])
        {
            throw new InvalidFormatException(FormatName, "it is cut off.");
        }

        if (Sha256Digest.Of(bytes[..end]) != new Sha256Digest(bytes[end..]))
        {
            throw new InvalidFormatException(FormatName, "its bytes were changed.");
        }

        // Written by somebody else, and with a digest that fits: the numbers still have to make sense.
        return BinaryPrimitives.ReadInt32BigEndian(bytes[StateVersionAt..]) < 1
            || BinaryPrimitives.ReadInt64BigEndian(bytes[StreamVersionAt..]) < 1
            || BinaryPrimitives.ReadInt32BigEndian(bytes[OriginalBytesAt..]) < 0
                ? throw new InvalidFormatException(FormatName, "a number in it is out of range.")
                : new SnapshotFrame(
                    bytes.ToArray(), Encoding.UTF8.GetString(bytes.Slice(NameAt, bytes[NameLengthAt])));
    }

    /// <summary>The bytes of the frame: a copy.</summary>
    public byte[] ToBytes() => [.. _bytes];

    /// <summary>The state's JSON.</summary>
    /// <param name="codecs">What to decompress with.</param>
    /// <param name="maxBytes">The longest JSON to accept, in bytes; not more than that is ever reserved.</param>
    /// <exception cref="DecompressionException">The state is damaged, or longer than accepted.</exception>
    /// <exception cref="CompressionUnavailableException">It needs a codec that is not there.</exception>
    public byte[] Unpack(CompressionCodecs codecs, int maxBytes)
    {
        ArgumentNullException.ThrowIfNull(codecs);
        if (OriginalBytes > maxBytes)
        {
            throw new DecompressionException(
                DecompressionFault.TooLarge, $"it claims {OriginalBytes} bytes, and {maxBytes} are accepted.");
        }

        var state = Compression is CompressionFormat.None
            ? Compressed.ToArray()
            : codecs.For(Compression).Decompress(Compressed, OriginalBytes);
        return state.Length == OriginalBytes
            ? state
            : throw new DecompressionException(
                DecompressionFault.Damaged, $"it holds {state.Length} bytes and claims {OriginalBytes}.");
    }
}
