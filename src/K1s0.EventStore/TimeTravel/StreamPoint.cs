namespace K1s0.EventStore;

/// <summary>A point in the history of a stream. The default value is its end.</summary>
public readonly record struct StreamPoint
{
    private StreamPoint(StreamVersion? version, DateTimeOffset? recordedBy, DateTimeOffset? occurredBy) =>
        (Version, RecordedTime, OccurredTime) = (version, recordedBy, occurredBy);

    /// <summary>Everything that the stream holds now. Also the default value.</summary>
    public static StreamPoint End => default;

    /// <summary>The version, when the point is given by one.</summary>
    public StreamVersion? Version { get; }

    /// <summary>The store's time, when the point is given by it.</summary>
    public DateTimeOffset? RecordedTime { get; }

    /// <summary>The application's time, when the point is given by it.</summary>
    public DateTimeOffset? OccurredTime { get; }

    /// <summary>Behind the event of this version; 0 is before the first event.</summary>
    /// <param name="version">The version.</param>
    public static StreamPoint AtVersion(StreamVersion version) => new(version, null, null);

    /// <summary>
    /// What a reader would have seen at a time of the store's clock: the events before the first one that was recorded
    /// later (<see cref="EventEnvelope.RecordedAt"/>).
    /// </summary>
    /// <param name="time">The time; an event that was recorded at it is included.</param>
    public static StreamPoint RecordedBy(DateTimeOffset time) => new(null, time, null);

    /// <summary>
    /// What had happened at a time, as known today: all events whose <see cref="EventEnvelope.OccurredAt"/> is not
    /// later, in the order of the stream, those left out in between that were written down early for a later time.
    /// </summary>
    /// <param name="time">The time; an event that occurred at it is included.</param>
    public static StreamPoint OccurredBy(DateTimeOffset time) => new(null, null, time);

    /// <summary>The point in words.</summary>
    public override string ToString() =>
        Version is { } version ? $"version {version}"
        : RecordedTime is { } recorded ? $"recorded by {recorded:O}"
        : OccurredTime is { } occurred ? $"occurred by {occurred:O}"
        : "end";
}
