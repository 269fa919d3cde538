namespace K1s0.EventStore;

/// <summary>
/// A reader does not know the type of an event, or cannot decode its payload. Trying again does not help.
/// </summary>
public sealed class EventNotUnderstoodException : EventStoreException
{
    /// <summary>An event that is not understood.</summary>
    /// <param name="envelope">The event.</param>
    /// <param name="innerException">What decoding ended with; null when the type is unknown.</param>
    public EventNotUnderstoodException(EventEnvelope envelope, Exception? innerException = null)
        : base(
            innerException is null
                ? $"The type of {Name(envelope)} is unknown: handle it, or say that it is ignored."
                : $"The payload of {Name(envelope)} cannot be decoded.",
            innerException) => Envelope = envelope;

    /// <summary>An event that is not understood, for a reason of its own.</summary>
    /// <param name="envelope">The event.</param>
    /// <param name="detail">What is wrong with it, in words.</param>
    public EventNotUnderstoodException(EventEnvelope envelope, string detail)
        : base($"{Name(envelope)} is not understood: {detail}", innerException: null) => Envelope = envelope;

    /// <summary>The event: its type, schema version, stream, version and position.</summary>
    public EventEnvelope Envelope { get; }

    private static string Name(EventEnvelope envelope)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        return $"{envelope} (schema version {envelope.SchemaVersion}, position {envelope.Position})";
    }
}
