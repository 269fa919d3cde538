namespace K1s0.EventStore;

/// <summary>What became of a command.</summary>
/// <typeparam name="TState">The state.</typeparam>
/// <typeparam name="TEvent">What all events have in common.</typeparam>
public sealed class HandledCommand<TState, TEvent>
{
    /// <summary>The stream.</summary>
    public required StreamId StreamId { get; init; }

    /// <summary>The version of the stream behind the command.</summary>
    public required StreamVersion Version { get; init; }

    /// <summary>The state behind the command.</summary>
    public required TState State { get; init; }

    /// <summary>What happened; empty when there was nothing to do.</summary>
    public required IReadOnlyList<TEvent> Events { get; init; }

    /// <summary>Where the events are; null when there are none.</summary>
    public AppendResult? Append { get; init; }

    /// <summary>How often the command was decided: 1 when nobody came in between.</summary>
    public int Attempts { get; init; }
}
