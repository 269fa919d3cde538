namespace K1s0.EventStore;

/// <summary>What was decided on a state, and where it was appended.</summary>
internal sealed record Decision<TState, TEvent>(
    LoadedState<TState> Loaded, IReadOnlyList<TEvent> Events, AppendResult? Append, int Attempts)
{
    public HandledCommand<TState, TEvent> ToCommand(TState after) => new()
    {
        StreamId = Loaded.StreamId,
        Version = Append?.Version ?? Loaded.Version,
        State = after,
        Events = Events,
        Append = Append,
        Attempts = Attempts,
    };
}
