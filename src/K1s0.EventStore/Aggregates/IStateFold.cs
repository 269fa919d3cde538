namespace K1s0.EventStore;

/// <summary>How the events of a stream add up to a state. Implementations keep no state of their own.</summary>
/// <typeparam name="TState">The state.</typeparam>
/// <typeparam name="TEvent">What all of its events have in common: an interface, a base type, or object.</typeparam>
public interface IStateFold<TState, in TEvent>
{
    /// <summary>
    /// The state before the first event. A state that can change is made anew by each call.
    /// </summary>
    TState CreateInitialState();

    /// <summary>
    /// The state after one more event. It never refuses: what has happened has happened. It may change the state that
    /// it was given and return it.
    /// </summary>
    /// <param name="state">The state before.</param>
    /// <param name="happened">The event.</param>
    TState Evolve(TState state, TEvent happened);
}
