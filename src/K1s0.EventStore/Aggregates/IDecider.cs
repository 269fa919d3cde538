namespace K1s0.EventStore;

/// <summary>An aggregate as functions: what a command leads to, given what has happened.</summary>
/// <typeparam name="TState">The state.</typeparam>
/// <typeparam name="TCommand">What all commands have in common.</typeparam>
/// <typeparam name="TEvent">What all events have in common.</typeparam>
public interface IDecider<TState, in TCommand, TEvent> : IStateFold<TState, TEvent>
{
    /// <summary>
    /// The events that a command leads to; none when there is nothing to do. May be called again for the same command,
    /// on a later state, so it does nothing else.
    /// </summary>
    /// <param name="command">The command.</param>
    /// <param name="state">The state.</param>
    /// <exception cref="Exception">Whatever the domain throws to refuse a command; it reaches the caller.</exception>
    IEnumerable<TEvent> Decide(TCommand command, TState state);
}
