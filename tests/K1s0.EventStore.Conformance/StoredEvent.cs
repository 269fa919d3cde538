using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Conformance;

/// <summary>An event with all that the store added, by value: the envelope's equality leaves that out.</summary>
public sealed record StoredEvent(
    EventEnvelope Envelope,
    Position Position,
    DateTimeOffset RecordedAt,
    Guid PreviousEventId,
    Sha256Digest ContentDigest,
    Sha256Digest ChainHash)
{
    public static StoredEvent Of(EventEnvelope envelope)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        return new StoredEvent(
            envelope,
            envelope.Position,
            envelope.RecordedAt,
            envelope.PreviousEventId,
            envelope.ContentDigest,
            envelope.ChainHash);
    }
}
