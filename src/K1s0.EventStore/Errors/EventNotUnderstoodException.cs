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
                ? $"The type of {envelope} is unknown: handle it, or say that it is ignored."
                : $"The payload of {envelope} cannot be decoded.",
            innerException) => Envelope = envelope;

    /// <summary>The event.</summary>
    public EventEnvelope Envelope { get; }
}
