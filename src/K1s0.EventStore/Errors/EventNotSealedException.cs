namespace K1s0.EventStore;

/// <summary>The event is stored, but not under a signed head of the log yet. Ask again a little later.</summary>
public sealed class EventNotSealedException : EventStoreException
{
    /// <summary>An event that cannot be proved yet.</summary>
    /// <param name="eventId">The event.</param>
    public EventNotSealedException(Guid eventId)
        : base(
            $"Event {eventId} is stored, but not under a signed head of the log yet. If that lasts, look at the "
            + "health of the sealer.",
            innerException: null) => EventId = eventId;

    /// <summary>The event.</summary>
    public Guid EventId { get; }

    /// <inheritdoc/>
    public override bool IsTransient => true;
}
