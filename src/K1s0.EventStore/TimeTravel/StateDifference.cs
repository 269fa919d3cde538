namespace K1s0.EventStore;

/// <summary>The states of a stream at two points, and what is different.</summary>
/// <typeparam name="TState">The state.</typeparam>
/// <param name="Before">The state at the first point.</param>
/// <param name="After">The state at the second point.</param>
/// <param name="Changes">What is different in their JSON; empty when they are equal.</param>
public sealed record StateDifference<TState>(
    LoadedState<TState> Before, LoadedState<TState> After, IReadOnlyList<JsonChange> Changes);
