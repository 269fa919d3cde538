namespace K1s0.EventStore;

/// <summary>Why an event is refused.</summary>
public enum InvalidEventReason
{
    /// <summary>The id is empty.</summary>
    EmptyId,

    /// <summary>The same id stands twice in one append.</summary>
    DuplicateId,

    /// <summary>
    /// The event type is empty, over 255 bytes of UTF-8, or has a control character or a lone surrogate.
    /// </summary>
    BadEventType,

    /// <summary>The schema version is below 1.</summary>
    BadSchemaVersion,

    /// <summary>The time is unset, or outside of the years 1 to 9998.</summary>
    BadTime,

    /// <summary>Payload or metadata is not JSON in UTF-8.</summary>
    NotJson,

    /// <summary>Payload or metadata is nested deeper than <see cref="EventStoreOptions.MaxJsonDepth"/>.</summary>
    TooDeep,

    /// <summary>Payload or metadata is larger than its limit.</summary>
    TooLarge,
}
