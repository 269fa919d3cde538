namespace K1s0.EventStore;

/// <summary>The handler of an exactly-once subscription failed for an event. Nothing was committed.</summary>
public sealed class EventHandlingException : EventStoreException
{
    /// <summary>A handler that failed.</summary>
    /// <param name="envelope">The event that it failed for.</param>
    /// <param name="innerException">What it threw.</param>
    public EventHandlingException(EventEnvelope envelope, Exception innerException)
        : base($"The handler failed for {envelope}; nothing was committed.", innerException) => Envelope = envelope;

    /// <summary>The event that the handler failed for.</summary>
    public EventEnvelope Envelope { get; }
}
