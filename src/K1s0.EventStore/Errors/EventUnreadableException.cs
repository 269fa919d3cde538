namespace K1s0.EventStore;

/// <summary>
/// What is stored at a position is no event: somebody has changed it past the library. Reading on behind the position
/// works.
/// </summary>
public sealed class EventUnreadableException : EventStoreException
{
    /// <summary>An event that cannot be read.</summary>
    /// <param name="position">Its place in the feed.</param>
    /// <param name="recordedAt">When it was stored; the default value where that cannot be read.</param>
    /// <param name="innerException">What is wrong with it.</param>
    public EventUnreadableException(Position position, DateTimeOffset recordedAt, Exception innerException)
        : base(
            $"What is stored at position {position} is no event: {innerException?.Message} Verify the store, and mend "
                + "the row or restore it.",
            innerException) => (Position, RecordedAt) = (position, recordedAt);

    /// <summary>Its place in the feed.</summary>
    public Position Position { get; }

    /// <summary>When it was stored; the default value where that cannot be read.</summary>
    public DateTimeOffset RecordedAt { get; }

    /// <summary>
    /// Whether an exception from the making of an event says that what is stored is to blame, and not the way to it.
    /// </summary>
    /// <param name="exception">The exception.</param>
    public static bool IsBlameOfContent(Exception exception) =>
        exception is ArgumentException or InvalidCastException or FormatException or OverflowException
            or EventStoreException { IsTransient: false };
}
