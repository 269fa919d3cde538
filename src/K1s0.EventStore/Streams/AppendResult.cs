namespace K1s0.EventStore;

/// <summary>Where appended events are. Repeating the append gives the same places.</summary>
public sealed record AppendResult
{
    /// <summary>The stream.</summary>
    public required StreamId StreamId { get; init; }

    /// <summary>The version of the last of these events. For an empty append: the stream's version.</summary>
    public required StreamVersion Version { get; init; }

    /// <summary>The position of the first of these events; 0 for an empty append.</summary>
    public Position FirstPosition { get; init; }

    /// <summary>The position of the last of these events; 0 for an empty append.</summary>
    public Position LastPosition { get; init; }

    /// <summary>The store's time of the append; the default value for an empty append.</summary>
    public DateTimeOffset RecordedAt { get; init; }

    /// <summary>Whether the events were stored by an earlier call, which this one repeated.</summary>
    public bool WasRepeated { get; init; }
}
