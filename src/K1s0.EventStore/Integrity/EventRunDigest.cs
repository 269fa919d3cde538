using System.Buffers.Binary;
using System.Security.Cryptography;

namespace K1s0.EventStore.Integrity;

/// <summary>
/// One digest of a run of stored events: what the archive's books say of a batch, and what is computed anew from the
/// database and from the object before the one is given up for the other. Version 1.
/// </summary>
/// <remarks>
/// <code>
/// digest = SHA-256("k1s0-event-run/1" | record | record ...), one record of 104 bytes an event, in order of positions
///
///  offset  length   integers big-endian
///  +-----+----+--------------------------------------------------------------+
///  |   0 |  8 | position                                                     |
///  |   8 |  8 | version                                                      |
///  |  16 |  8 | recorded at, microseconds since 1970-01-01 UTC               |
///  |  24 | 32 | content digest, computed from the bytes of the event         |
///  |  56 | 32 | chain hash                                                   |
///  |  88 | 16 | id of the event before in the stream, RFC 9562 order; or 0   |
///  +-----+----+--------------------------------------------------------------+
/// </code>
/// The content digest covers id, stream, type, schema version, time, metadata and payload. Not thread-safe.
/// </remarks>
public sealed class EventRunDigest : IDisposable
{
    private const int RecordLength = 104;

    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    /// <summary>The digest of no events yet.</summary>
    public EventRunDigest() => _hash.AppendData("k1s0-event-run/1"u8);

    /// <summary>How many events are in.</summary>
    public long Count { get; private set; }

    /// <summary>The digest of some events.</summary>
    /// <param name="events">Stored events in order of positions.</param>
    public static Sha256Digest Of(IEnumerable<EventEnvelope> events)
    {
        ArgumentNullException.ThrowIfNull(events);
        using var digest = new EventRunDigest();
        foreach (var envelope in events)
        {
            digest.Add(envelope);
        }

        return digest.Finish();
    }

    /// <summary>Takes the next event. Its content is hashed; the digest that it carries is not believed.</summary>
    /// <param name="envelope">A stored event, behind the last one.</param>
    public void Add(EventEnvelope envelope)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        Span<byte> record = stackalloc byte[RecordLength];
        BinaryPrimitives.WriteInt64BigEndian(record, envelope.Position.Value);
        BinaryPrimitives.WriteInt64BigEndian(record[8..], envelope.Version);
        BinaryPrimitives.WriteInt64BigEndian(record[16..], Microseconds.SinceUnixEpoch(envelope.RecordedAt));
        ContentDigest.Compute(envelope).CopyTo(record[24..]);
        envelope.ChainHash.CopyTo(record[56..]);
        envelope.PreviousEventId.TryWriteBytes(record[88..], bigEndian: true, out _);
        _hash.AppendData(record);
        Count++;
    }

    /// <summary>The digest; empty again afterwards.</summary>
    public Sha256Digest Finish()
    {
        Span<byte> digest = stackalloc byte[Sha256Digest.Length];
        _hash.GetHashAndReset(digest);
        _hash.AppendData("k1s0-event-run/1"u8);
        Count = 0;
        return new Sha256Digest(digest);
    }

    /// <inheritdoc/>
    public void Dispose() => _hash.Dispose();
}
