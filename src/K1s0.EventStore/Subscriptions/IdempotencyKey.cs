using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace K1s0.EventStore;

/// <summary>
/// Keys by which another system recognises that an event comes again: the same for the same event and consumer, in
/// every process, at every attempt.
/// </summary>
public static class IdempotencyKey
{
    private static readonly byte[] Label = "k1s0-idempotency-key/1"u8.ToArray();

    /// <summary>The key of an event for a consumer: a version 8 UUID of their digest.</summary>
    /// <param name="consumer">The consumer's name: 1 to 255 bytes of UTF-8, no control characters.</param>
    /// <param name="eventId">The id of the event.</param>
    public static Guid Of(string consumer, Guid eventId)
    {
        ConsumerName.Check(consumer, nameof(consumer));
        var name = Encoding.UTF8.GetBytes(consumer);
        var bytes = new byte[Label.Length + sizeof(int) + name.Length + 16];
        Label.CopyTo(bytes, 0);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(Label.Length), name.Length);
        name.CopyTo(bytes, Label.Length + sizeof(int));
        eventId.TryWriteBytes(bytes.AsSpan(bytes.Length - 16), bigEndian: true, out _);
        var digest = SHA256.HashData(bytes);
        digest[6] = (byte)((digest[6] & 0x0F) | 0x80);
        digest[8] = (byte)((digest[8] & 0x3F) | 0x80);
        return new Guid(digest.AsSpan(0, 16), bigEndian: true);
    }
}
