using System.Diagnostics.CodeAnalysis;

namespace K1s0.EventStore.Integrity;

/// <summary>
/// All that somebody needs, besides the event and a public key, to know that the log holds the event: a
/// <see cref="LogProof"/> whose extra bytes are the event's leaf record and the link before it. Immutable.
/// </summary>
/// <remarks>
/// <code>
/// extra bytes
///  +-----+-----+--------------------------------------------------------------------------------+
///  |   0 | 129 | leaf record of the event, see LeafRecord                                       |
///  | 129 |  32 | chain hash of the event before it in its stream; of the empty stream before 1  |
///  +-----+-----+--------------------------------------------------------------------------------+
/// </code>
/// </remarks>
public sealed class EventProof
{
    private const string FormatName = "proof of an event";
    private const int ExtraLength = LeafRecord.Length + Sha256Digest.Length;

    /// <summary>A proof.</summary>
    /// <param name="record">The leaf record of the event.</param>
    /// <param name="previousLink">The chain hash of the event before it in its stream.</param>
    /// <param name="index">The index of the record in the log, from 0.</param>
    /// <param name="path">The inclusion proof, at most 63 hashes.</param>
    /// <param name="checkpoint">The signed tree head that it is for.</param>
    /// <exception cref="ArgumentException">A number is out of its range.</exception>
    public EventProof(
        LeafRecord record,
        Sha256Digest previousLink,
        long index,
        IReadOnlyList<Sha256Digest> path,
        SignedNote checkpoint)
        : this(record, previousLink, new LogProof(index, path, checkpoint, Extra(record, previousLink)))
    {
    }

    private EventProof(LeafRecord record, Sha256Digest previousLink, LogProof proof) =>
        (Record, PreviousLink, Proof) = (record, previousLink, proof);

    /// <summary>The leaf record of the event.</summary>
    public LeafRecord Record { get; }

    /// <summary>The chain hash of the event before it in its stream.</summary>
    public Sha256Digest PreviousLink { get; }

    /// <summary>The proof that the log holds the record.</summary>
    public LogProof Proof { get; }

    /// <summary>Reads a proof. Nothing is verified yet.</summary>
    /// <param name="utf8">The bytes of the file.</param>
    /// <exception cref="InvalidFormatException">It is no proof of an event.</exception>
    /// <exception cref="UnsupportedFormatException">The leaf record is of another version.</exception>
    public static EventProof Parse(ReadOnlySpan<byte> utf8)
    {
        var proof = LogProof.Parse(utf8);
        if (proof.Extra is not { Length: > 0 } extra)
        {
            throw new InvalidFormatException(FormatName, "it has no extra bytes.");
        }

        var record = LeafRecord.Read(extra.Span[..Math.Min(extra.Length, LeafRecord.Length)]);
        return extra.Length == ExtraLength
            ? new EventProof(record, new Sha256Digest(extra.Span[LeafRecord.Length..]), proof)
            : throw new InvalidFormatException(FormatName, "its extra bytes are no leaf record and link.");
    }

    /// <summary>Reads a proof. Nothing is verified yet. Never throws.</summary>
    /// <param name="utf8">The bytes of the file.</param>
    /// <param name="proof">The proof; null when it is none, or of another version.</param>
    public static bool TryParse(ReadOnlySpan<byte> utf8, [NotNullWhen(true)] out EventProof? proof)
    {
        try
        {
            proof = Parse(utf8);
            return true;
        }
        catch (EventStoreException e) when (e is InvalidFormatException or UnsupportedFormatException)
        {
            proof = null;
            return false;
        }
    }

    /// <summary>
    /// Whether the log holds this event. Everything is computed from the event's bytes; its stored digest and link are
    /// not looked at. Never throws on a bad proof.
    /// </summary>
    /// <param name="envelope">The event, with version and recorded time.</param>
    /// <param name="origin">The log.</param>
    /// <param name="keys">The keys that are trusted to sign for that log.</param>
    /// <exception cref="CryptographyUnavailableException">The algorithm of a key is not to be had here.</exception>
    public EventProofVerdict Verify(
        EventEnvelope envelope, string origin, IReadOnlyCollection<VerifierKey> keys)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        ArgumentNullException.ThrowIfNull(origin);
        var tag = StreamChain.Tag(envelope.StreamId);
        var content = ContentDigest.Compute(envelope);
        if (Record.StreamTag != tag
            || Record.Version.Value != envelope.Version
            || Record.EventId != envelope.Id
            || Record.RecordedAt != envelope.RecordedAt
            || Record.ContentDigest != content)
        {
            return EventProofVerdict.EventDiffers;
        }

        if ((envelope.Version == 1 && PreviousLink != StreamChain.Genesis(tag))
            || Record.ChainHash != StreamChain.Next(tag, envelope.Version, PreviousLink, content))
        {
            return EventProofVerdict.LinkBroken;
        }

        if (!Proof.Checkpoint.IsSignedBy(keys))
        {
            return EventProofVerdict.HeadNotSigned;
        }

        if (!TreeHead.TryParse(Proof.Checkpoint.Text, out var head)
            || !string.Equals(head.Origin, origin, StringComparison.Ordinal))
        {
            return EventProofVerdict.ForeignHead;
        }

        return Proof.IsIncluded(Record.LeafHash(), head) ? EventProofVerdict.Valid : EventProofVerdict.NotInTree;
    }

    /// <summary>The bytes of the file.</summary>
    public byte[] ToUtf8() => Proof.ToUtf8();

    private static byte[] Extra(LeafRecord record, Sha256Digest previousLink)
    {
        var extra = new byte[ExtraLength];
        record.CopyTo(extra);
        previousLink.CopyTo(extra.AsSpan(LeafRecord.Length));
        return extra;
    }
}
