namespace K1s0.EventStore;

/// <summary>An event id is already stored, with other content or in another place. Nothing was written.</summary>
public sealed class EventIdReusedException : EventStoreException
{
    /// <summary>A reused id.</summary>
    /// <param name="eventId">The id.</param>
    /// <param name="innerException">The driver's exception, if there was one.</param>
    public EventIdReusedException(Guid eventId, Exception? innerException = null)
        : base(
            $"The event id {eventId} is already stored with other content or in another place. "
            + "Give every event an id of its own.",
            innerException) =>
        EventId = eventId;

    /// <summary>The id.</summary>
    public Guid EventId { get; }
}
