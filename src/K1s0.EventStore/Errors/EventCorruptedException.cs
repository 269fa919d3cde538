using K1s0.EventStore.Integrity;

namespace K1s0.EventStore;

/// <summary>The bytes of a stored event are not those that its stored digest was made of.</summary>
public sealed class EventCorruptedException : EventStoreException
{
    /// <summary>A corrupted event.</summary>
    /// <param name="envelope">The event as it was read; it is not kept.</param>
    /// <param name="computed">The digest of its bytes.</param>
    public EventCorruptedException(EventEnvelope envelope, Sha256Digest computed)
        : base(Describe(envelope, computed), innerException: null) =>
        (StreamId, Version, Position) = (envelope.StreamId, new StreamVersion(envelope.Version), envelope.Position);

    /// <summary>The stream of the event.</summary>
    public StreamId StreamId { get; }

    /// <summary>Its place in the stream.</summary>
    public StreamVersion Version { get; }

    /// <summary>Its place in the feed.</summary>
    public Position Position { get; }

    private static string Describe(EventEnvelope envelope, Sha256Digest computed)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        return $"{envelope} at position {envelope.Position} is corrupted: its bytes have the digest {computed}, stored "
            + $"with it is {envelope.ContentDigest}.";
    }
}
