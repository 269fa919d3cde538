using System.Buffers.Binary;
using System.Globalization;

namespace K1s0.EventStore.Integrity;

/// <summary>
/// The entry of the log for one event: what the log commits to, without payload, names or personal data. Version 1.
/// </summary>
/// <remarks>
/// <code>
/// 129 bytes, integers big-endian
///
///  offset  length
///  +-----+----+----------------------------------------------------------------------------------+
///  |   0 |  1 | version: 1                                                                       |
///  |   1 | 32 | stream tag, see StreamChain                                                      |
///  |  33 |  8 | version of the event in its stream, 1 or more                                    |
///  |  41 | 16 | event id, in the order of RFC 9562                                               |
///  |  57 |  8 | recorded at, two's complement: microseconds since 1970-01-01 UTC                 |
///  |  65 | 32 | content digest c, see ContentDigest                                              |
///  |  97 | 32 | chain hash h, see StreamChain                                                    |
///  +-----+----+----------------------------------------------------------------------------------+
/// </code>
/// The layout is published: it is never edited, a new one gets a new version. The default value stands for no event.
/// </remarks>
/// <param name="StreamTag">The tag that stands for the stream's name.</param>
/// <param name="Version">The place of the event in its stream.</param>
/// <param name="EventId">The id of the event.</param>
/// <param name="RecordedAt">The store's time, in whole microseconds.</param>
/// <param name="ContentDigest">The digest of the event's content.</param>
/// <param name="ChainHash">The link of the event in its stream's chain.</param>
public readonly record struct LeafRecord(
    Sha256Digest StreamTag,
    StreamVersion Version,
    Guid EventId,
    DateTimeOffset RecordedAt,
    Sha256Digest ContentDigest,
    Sha256Digest ChainHash)
{
    /// <summary>The length in bytes: 129.</summary>
    public const int Length = ChainHashAt + Sha256Digest.Length;

    private const string FormatName = "leaf record";
    private const byte FormatVersion = 1;
    private const int VersionAt = 1 + Sha256Digest.Length;
    private const int EventIdAt = VersionAt + sizeof(long);
    private const int RecordedAtAt = EventIdAt + 16;
    private const int ContentDigestAt = RecordedAtAt + sizeof(long);
    private const int ChainHashAt = ContentDigestAt + Sha256Digest.Length;

    private static readonly long Earliest = Microseconds.SinceUnixEpoch(DateTimeOffset.MinValue);
    private static readonly long Latest = Microseconds.SinceUnixEpoch(DateTimeOffset.MaxValue);

    /// <summary>The record of a stored event, with the digest and the link that its store holds.</summary>
    /// <param name="envelope">An event that a store returned.</param>
    public static LeafRecord Of(EventEnvelope envelope)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        return new LeafRecord(
            StreamChain.Tag(envelope.StreamId),
            new StreamVersion(envelope.Version),
            envelope.Id,
            envelope.RecordedAt,
            envelope.ContentDigest,
            envelope.ChainHash);
    }

    /// <summary>Reads what <see cref="CopyTo"/> wrote.</summary>
    /// <param name="bytes">Exactly <see cref="Length"/> bytes.</param>
    /// <exception cref="UnsupportedFormatException">The record is of another version.</exception>
    /// <exception cref="InvalidFormatException">Length, version of the event or time is out of range.</exception>
    public static LeafRecord Read(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
        {
            throw new InvalidFormatException(FormatName, "it is empty.");
        }

        if (bytes[0] != FormatVersion)
        {
            throw new UnsupportedFormatException(FormatName, bytes[0], FormatVersion);
        }

        if (bytes.Length != Length)
        {
            throw Invalid($"it has {bytes.Length} bytes instead of {Length}.");
        }

        var version = BinaryPrimitives.ReadInt64BigEndian(bytes[VersionAt..]);
        if (version < 1)
        {
            throw Invalid($"{version} is no version of an event.");
        }

        var recordedAt = BinaryPrimitives.ReadInt64BigEndian(bytes[RecordedAtAt..]);
        if (recordedAt < Earliest || recordedAt > Latest)
        {
            throw Invalid($"{recordedAt} microseconds lie outside of the years 1 to 9999.");
        }

        return new LeafRecord(
            Digest(bytes, 1),
            new StreamVersion(version),
            new Guid(bytes.Slice(EventIdAt, 16), bigEndian: true),
            DateTimeOffset.UnixEpoch.AddTicks(recordedAt * TimeSpan.TicksPerMicrosecond),
            Digest(bytes, ContentDigestAt),
            Digest(bytes, ChainHashAt));
    }

    /// <summary>Writes the record.</summary>
    /// <param name="destination">At least <see cref="Length"/> bytes.</param>
    /// <exception cref="ArgumentException">There is too little room.</exception>
    public void CopyTo(Span<byte> destination)
    {
        if (destination.Length < Length)
        {
            throw new ArgumentException($"A leaf record needs {Length} bytes.", nameof(destination));
        }

        destination[0] = FormatVersion;
        StreamTag.CopyTo(destination[1..]);
        BinaryPrimitives.WriteInt64BigEndian(destination[VersionAt..], Version.Value);
        EventId.TryWriteBytes(destination[EventIdAt..], bigEndian: true, out _);
        BinaryPrimitives.WriteInt64BigEndian(destination[RecordedAtAt..], Microseconds.SinceUnixEpoch(RecordedAt));
        ContentDigest.CopyTo(destination[ContentDigestAt..]);
        ChainHash.CopyTo(destination[ChainHashAt..]);
    }

    /// <summary>The record in a new array.</summary>
    public byte[] ToArray()
    {
        var bytes = new byte[Length];
        CopyTo(bytes);
        return bytes;
    }

    /// <summary>The hash of the record as a leaf of the log.</summary>
    public Sha256Digest LeafHash()
    {
        Span<byte> bytes = stackalloc byte[Length];
        CopyTo(bytes);
        return MerkleHash.Leaf(bytes);
    }

    private static Sha256Digest Digest(ReadOnlySpan<byte> bytes, int at) =>
        new(bytes.Slice(at, Sha256Digest.Length));

    private static InvalidFormatException Invalid(FormattableString detail) =>
        new(FormatName, detail.ToString(CultureInfo.InvariantCulture));
}
