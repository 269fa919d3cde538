using System.Buffers;
using System.Buffers.Binary;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Sync;

/// <summary>
/// An event in the log of its origin: what happened, when, what its writer had seen, and the hash that ties it to the
/// event before. The same on every replica. Version 1.
/// </summary>
/// <remarks>
/// <code>
/// h_n = SHA-256 of these, one after the other, integers big-endian
///
///  +----------------------+--------------------------------------------------------------------------+
///  | "k1s0-sync-event/1"  | domain label, ASCII                                                      |
///  | origin               | replica id, 16 bytes; incarnation, 8 bytes                               |
///  | sequence n           | 8 bytes                                                                  |
///  | time                 | 8 bytes, see HybridTime                                                  |
///  | h_(n-1)              | 32 bytes; for the first event SHA-256("k1s0-sync-origin/1" | origin)     |
///  | content digest       | 32 bytes, see ContentDigest of the core                                  |
///  | number of observed   | 4 bytes                                                                  |
///  | each observed        | origin, 24 bytes, ascending; sequence, 8 bytes                           |
///  +----------------------+--------------------------------------------------------------------------+
/// </code>
/// The hashes are computed from the bytes when the event is made, never taken from elsewhere. The layout is published:
/// it is never edited. Immutable, safe to share between threads.
/// </remarks>
public sealed class SyncEvent
{
    private const int OriginBytes = ReplicaId.Length + sizeof(ulong);
    private const int EntryBytes = OriginBytes + sizeof(long);

    private SyncEvent(Dot dot, HybridTime time, Sha256Digest previous, VectorClock observed, EventEnvelope envelope)
    {
        (Dot, Time, Previous, Observed, Envelope) = (dot, time, previous, observed, envelope);
        Content = ContentDigest.Compute(envelope);
        Hash = HashOf(Dot, Time, Previous, Observed, Content);
    }

    // The same event, its content in other memory.
    private SyncEvent(SyncEvent other, VectorClock observed, EventEnvelope envelope) =>
        (Dot, Time, Previous, Content, Hash, Observed, Envelope) =
            (other.Dot, other.Time, other.Previous, other.Content, other.Hash, observed, envelope);

    /// <summary>Who wrote it, and its place in that log.</summary>
    public Dot Dot { get; }

    /// <summary>The time that orders it; later than that of every event that its writer had seen.</summary>
    public HybridTime Time { get; }

    /// <summary>The hash of the event before it in its log.</summary>
    public Sha256Digest Previous { get; }

    /// <summary>
    /// What its writer had come to know of other logs since the event before it; the writer's own log is not named.
    /// </summary>
    public VectorClock Observed { get; }

    /// <summary>What happened. Version, position and recording time are those of no store.</summary>
    public EventEnvelope Envelope { get; }

    /// <summary>The digest of the envelope's content.</summary>
    public Sha256Digest Content { get; }

    /// <summary>The hash that the next event of the log names.</summary>
    public Sha256Digest Hash { get; }

    /// <summary>About how many bytes it takes uncompressed, on the wire or in a store.</summary>
    public int Size => 200 + (Observed.Count * EntryBytes) + Envelope.PayloadUtf8.Length + Envelope.MetadataUtf8.Length;

    private static EventEnvelope Nothing { get; } = new(
        Guid.Empty, new StreamId("k1s0-sync", "nothing"), 0, "nothing", "{}"u8.ToArray(), default, default);

    private static ReadOnlySpan<byte> Label => "k1s0-sync-event/1"u8;

    private static ReadOnlySpan<byte> GenesisLabel => "k1s0-sync-origin/1"u8;

    /// <summary>An event from its parts.</summary>
    /// <param name="dot">Who wrote it, and its place in that log.</param>
    /// <param name="time">The time that orders it; not 0.</param>
    /// <param name="previous">The hash of the event before, or <see cref="Genesis"/>.</param>
    /// <param name="observed">What its writer had come to know of other logs since.</param>
    /// <param name="envelope">What happened.</param>
    /// <exception cref="ArgumentException">The parts do not fit together.</exception>
    public static SyncEvent Create(
        Dot dot, HybridTime time, Sha256Digest previous, VectorClock observed, EventEnvelope envelope)
    {
        ArgumentNullException.ThrowIfNull(observed);
        ArgumentNullException.ThrowIfNull(envelope);
        ArgumentOutOfRangeException.ThrowIfLessThan(dot.Sequence, 1, nameof(dot));
        ArgumentOutOfRangeException.ThrowIfZero(time.Value, nameof(time));
        return observed[dot.Origin] == 0
            ? new SyncEvent(dot, time, previous, observed, envelope)
            : throw new ArgumentException("An event does not observe its own log.", nameof(observed));
    }

    /// <summary>What stands for the event before the first one of a log.</summary>
    /// <param name="origin">Whose log.</param>
    public static Sha256Digest Genesis(Origin origin)
    {
        Span<byte> buffer = stackalloc byte[GenesisLabel.Length + OriginBytes];
        GenesisLabel.CopyTo(buffer);
        Write(origin, buffer[GenesisLabel.Length..]);
        return Sha256Digest.Of(buffer);
    }

    /// <summary>The same event, which keeps no memory of others alive.</summary>
    internal SyncEvent Detached() => new(
        this,
        Observed,
        Envelope with
        {
            PayloadUtf8 = Envelope.PayloadUtf8.ToArray(),
            MetadataUtf8 = Envelope.MetadataUtf8.ToArray(),
        });

    /// <summary>What stands for the event in an order; nothing else of it is true.</summary>
    internal SyncEvent WithoutContent() => new(this, VectorClock.Empty, Nothing);

    /// <summary>The dot and the event's type, never its payload.</summary>
    public override string ToString() => $"{Dot} {Envelope.EventType}";

    private static void Write(Origin origin, Span<byte> buffer)
    {
        BinaryPrimitives.WriteUInt128BigEndian(buffer, origin.Replica.Value);
        BinaryPrimitives.WriteUInt64BigEndian(buffer[ReplicaId.Length..], origin.Incarnation);
    }

    /// <summary>The hash of an event of which only the digest of its content is known.</summary>
    internal static Sha256Digest HashOf(
        Dot dot, HybridTime time, Sha256Digest previous, VectorClock observed, Sha256Digest content)
    {
        var length = Label.Length + EntryBytes + sizeof(long) + (2 * Sha256Digest.Length) + sizeof(int)
            + (observed.Count * EntryBytes);
        byte[]? rented = null;
        var buffer = length <= 512 ? stackalloc byte[512] : (rented = ArrayPool<byte>.Shared.Rent(length));
        try
        {
            Label.CopyTo(buffer);
            var rest = WriteEntry(buffer[Label.Length..], dot);
            BinaryPrimitives.WriteInt64BigEndian(rest, time.Value);
            rest = rest[sizeof(long)..];
            previous.CopyTo(rest);
            content.CopyTo(rest[Sha256Digest.Length..]);
            rest = rest[(2 * Sha256Digest.Length)..];
            BinaryPrimitives.WriteInt32BigEndian(rest, observed.Count);
            rest = rest[sizeof(int)..];
            foreach (var seen in observed.Entries)
            {
                rest = WriteEntry(rest, seen);
            }

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

    private static Span<byte> WriteEntry(Span<byte> buffer, Dot dot)
    {
        Write(dot.Origin, buffer);
        BinaryPrimitives.WriteInt64BigEndian(buffer[OriginBytes..], dot.Sequence);
        return buffer[EntryBytes..];
    }
}
