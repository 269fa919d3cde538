namespace K1s0.EventStore;

/// <summary>
/// The event types of an application contradict each other: a name or a type stands twice, or an upcaster leads
/// nowhere. Found when the application starts, before an event is read or written.
/// </summary>
public sealed class EventTypeConflictException : EventStoreException
{
    /// <summary>A contradiction.</summary>
    /// <param name="eventType">The name of the event type.</param>
    /// <param name="schemaVersion">The schema version.</param>
    /// <param name="payloadType">The type of the payload, if there is one.</param>
    /// <param name="detail">What is wrong, in words.</param>
    public EventTypeConflictException(string eventType, int schemaVersion, Type? payloadType, string detail)
        : base($"Event type {eventType}, schema version {schemaVersion}: {detail}", innerException: null) =>
        (EventType, SchemaVersion, PayloadType) = (eventType, schemaVersion, payloadType);

    /// <summary>The name of the event type.</summary>
    public string EventType { get; }

    /// <summary>The schema version.</summary>
    public int SchemaVersion { get; }

    /// <summary>The type of the payload, if there is one.</summary>
    public Type? PayloadType { get; }
}
