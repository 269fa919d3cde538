namespace K1s0.EventStore;

/// <summary>An event cannot be kept, or could not be read back, as it is. Nothing was written.</summary>
public sealed class InvalidEventException : EventStoreException
{
    /// <summary>An event that is refused.</summary>
    /// <param name="eventId">The id of the event.</param>
    /// <param name="reason">Why.</param>
    /// <param name="detail">Why, in words, with the limit if there is one.</param>
    /// <param name="innerException">The parser's exception, if there was one.</param>
    public InvalidEventException(
        Guid eventId, InvalidEventReason reason, string detail, Exception? innerException = null)
        : base($"Event {eventId} is refused: {detail}", innerException) =>
        (EventId, Reason) = (eventId, reason);

    /// <summary>The id of the event.</summary>
    public Guid EventId { get; }

    /// <summary>Why it is refused.</summary>
    public InvalidEventReason Reason { get; }
}
