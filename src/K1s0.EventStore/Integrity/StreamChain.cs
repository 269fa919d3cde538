using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace K1s0.EventStore.Integrity;

/// <summary>
/// The hash chain of one stream: each link <c>h</c> covers the content of its event, its place, and the link before.
/// Version 1.
/// </summary>
/// <remarks>
/// <code>
/// stream tag   t   = SHA-256( "k1s0-stream-tag/1"  | len(type) | type | len(id) | id )     len: 4 bytes, big-endian
/// empty stream h_0 = SHA-256( "k1s0-stream-root/1" | t )
/// link         h_v = SHA-256( "k1s0-stream-link/1" | t | v | h_(v-1) | c_v )               v: 8 bytes, big-endian
///
///      h_0 ------> h_1 ------> h_2 ------> h_3      the head; who knows it knows the whole stream
///                   ^           ^           ^
///                  c_1         c_2         c_3      content digests
/// </code>
/// Labels are ASCII of fixed length per hash, so no two inputs collide. The layout is published: it is never edited.
/// </remarks>
public static class StreamChain
{
    private static ReadOnlySpan<byte> TagLabel => "k1s0-stream-tag/1"u8;

    private static ReadOnlySpan<byte> RootLabel => "k1s0-stream-root/1"u8;

    private static ReadOnlySpan<byte> LinkLabel => "k1s0-stream-link/1"u8;

    /// <summary>The tag that stands for a stream's name in every link.</summary>
    /// <param name="streamId">The stream.</param>
    public static Sha256Digest Tag(StreamId streamId)
    {
        ArgumentNullException.ThrowIfNull(streamId);
        var capacity = TagLabel.Length + (2 * sizeof(uint))
            + Encoding.UTF8.GetMaxByteCount(streamId.AggregateType.Length + streamId.AggregateId.Length);
        byte[]? rented = null;
        var buffer = capacity <= 512 ? stackalloc byte[512] : (rented = ArrayPool<byte>.Shared.Rent(capacity));
        try
        {
            TagLabel.CopyTo(buffer);
            var length = WriteText(buffer, TagLabel.Length, streamId.AggregateType);
            length = WriteText(buffer, length, streamId.AggregateId);
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

    /// <summary>The head of the empty stream, before its first event.</summary>
    /// <param name="tag">The stream's tag.</param>
    public static Sha256Digest Genesis(Sha256Digest tag)
    {
        Span<byte> buffer = stackalloc byte[RootLabel.Length + Sha256Digest.Length];
        RootLabel.CopyTo(buffer);
        tag.CopyTo(buffer[RootLabel.Length..]);
        return Sha256Digest.Of(buffer);
    }

    /// <summary>The link of an event.</summary>
    /// <param name="tag">The stream's tag.</param>
    /// <param name="version">The event's version, 1 or more.</param>
    /// <param name="previous">The link before; <see cref="Genesis"/> for version 1.</param>
    /// <param name="content">The event's content digest.</param>
    public static Sha256Digest Next(Sha256Digest tag, long version, Sha256Digest previous, Sha256Digest content)
    {
        Span<byte> buffer = stackalloc byte[LinkLabel.Length + sizeof(long) + (3 * Sha256Digest.Length)];
        LinkLabel.CopyTo(buffer);
        var rest = buffer[LinkLabel.Length..];
        tag.CopyTo(rest);
        BinaryPrimitives.WriteInt64BigEndian(rest[Sha256Digest.Length..], version);
        previous.CopyTo(rest[(Sha256Digest.Length + sizeof(long))..]);
        content.CopyTo(rest[((2 * Sha256Digest.Length) + sizeof(long))..]);
        return Sha256Digest.Of(buffer);
    }

    private static int WriteText(Span<byte> buffer, int at, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text, buffer[(at + sizeof(uint))..]);
        BinaryPrimitives.WriteUInt32BigEndian(buffer[at..], (uint)bytes);
        return at + sizeof(uint) + bytes;
    }
}
