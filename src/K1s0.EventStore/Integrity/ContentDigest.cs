using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace K1s0.EventStore.Integrity;

/// <summary>
/// The digest of an event's content, <c>c</c>: everything that the application said, in the exact bytes. Version 1.
/// </summary>
/// <remarks>
/// <code>
/// c = SHA-256 of these fields, one after the other; each field is its length (4 bytes, big-endian) and its bytes
///
///  +--------------------------------+----------------------------------------------------------------+
///  | "k1s0-event-content/1"         | domain label, ASCII                                            |
///  | event id                       | 16 bytes in the order of RFC 9562 (big-endian)                 |
///  | aggregate type                 | UTF-8                                                          |
///  | aggregate id                   | UTF-8                                                          |
///  | event type                     | UTF-8                                                          |
///  | schema version                 | 4 bytes, big-endian                                            |
///  | occurred at                    | 8 bytes, big-endian, two's complement: microseconds since 1970 |
///  | SHA-256 of the metadata bytes  | 32 bytes                                                       |
///  | SHA-256 of the payload bytes   | 32 bytes                                                       |
///  +--------------------------------+----------------------------------------------------------------+
/// </code>
/// The layout is published: it is never edited, a new one gets a new label.
/// </remarks>
public static class ContentDigest
{
    private const int FieldCount = 9;
    private const int FixedBytes =
        (FieldCount * sizeof(uint)) + 16 + sizeof(int) + sizeof(long) + (2 * Sha256Digest.Length);

    private static ReadOnlySpan<byte> Label => "k1s0-event-content/1"u8;

    /// <summary>
    /// Computes the digest from the bytes of the event; what a store claims about it is not looked at.
    /// </summary>
    /// <param name="envelope">The event.</param>
    public static Sha256Digest Compute(EventEnvelope envelope)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        var stream = envelope.StreamId;
        var capacity = FixedBytes + Label.Length + Encoding.UTF8.GetMaxByteCount(
            stream.AggregateType.Length + stream.AggregateId.Length + envelope.EventType.Length);
        byte[]? rented = null;
        var buffer = capacity <= 1024 ? stackalloc byte[1024] : (rented = ArrayPool<byte>.Shared.Rent(capacity));
        try
        {
            var length = Write(buffer, envelope);
            return Sha256Digest.Of(buffer[..length]);
        }
        finally
        {
            if (rented is not null)
            {
                ArrayPool<byte>.Shared.Return(rented);
            }
        }
    }

    private static int Write(Span<byte> buffer, EventEnvelope envelope)
    {
        var length = WriteField(buffer, 0, Label);

        BinaryPrimitives.WriteUInt32BigEndian(buffer[length..], 16);
        envelope.Id.TryWriteBytes(buffer[(length + sizeof(uint))..], bigEndian: true, out _);
        length += sizeof(uint) + 16;

        length = WriteText(buffer, length, envelope.StreamId.AggregateType);
        length = WriteText(buffer, length, envelope.StreamId.AggregateId);
        length = WriteText(buffer, length, envelope.EventType);

        BinaryPrimitives.WriteUInt32BigEndian(buffer[length..], sizeof(int));
        BinaryPrimitives.WriteInt32BigEndian(buffer[(length + sizeof(uint))..], envelope.SchemaVersion);
        length += sizeof(uint) + sizeof(int);

        BinaryPrimitives.WriteUInt32BigEndian(buffer[length..], sizeof(long));
        BinaryPrimitives.WriteInt64BigEndian(
            buffer[(length + sizeof(uint))..], Microseconds.SinceUnixEpoch(envelope.OccurredAt));
        length += sizeof(uint) + sizeof(long);

        length = WriteHash(buffer, length, envelope.MetadataUtf8.Span);
        return WriteHash(buffer, length, envelope.PayloadUtf8.Span);
    }

    private static int WriteField(Span<byte> buffer, int at, ReadOnlySpan<byte> field)
    {
        BinaryPrimitives.WriteUInt32BigEndian(buffer[at..], (uint)field.Length);
        field.CopyTo(buffer[(at + sizeof(uint))..]);
        return at + sizeof(uint) + field.Length;
    }

    private static int WriteText(Span<byte> buffer, int at, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text, buffer[(at + sizeof(uint))..]);
        BinaryPrimitives.WriteUInt32BigEndian(buffer[at..], (uint)bytes);
        return at + sizeof(uint) + bytes;
    }

    private static int WriteHash(Span<byte> buffer, int at, ReadOnlySpan<byte> data)
    {
        BinaryPrimitives.WriteUInt32BigEndian(buffer[at..], Sha256Digest.Length);
        ShortSha256.HashData(data, buffer[(at + sizeof(uint))..]);
        return at + sizeof(uint) + Sha256Digest.Length;
    }
}
