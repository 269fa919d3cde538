namespace K1s0.EventStore;

/// <summary>Makes folds.</summary>
public static class StateFold
{
    /// <summary>A fold made of a function.</summary>
    /// <typeparam name="TState">The state.</typeparam>
    /// <typeparam name="TEvent">What all events have in common.</typeparam>
    /// <param name="create">The state before the first event; made anew by each call if it can change.</param>
    /// <param name="evolve">The state after one more event.</param>
    public static IStateFold<TState, TEvent> Of<TState, TEvent>(
        Func<TState> create, Func<TState, TEvent, TState> evolve)
    {
        ArgumentNullException.ThrowIfNull(create);
        ArgumentNullException.ThrowIfNull(evolve);
        return new Functions<TState, TEvent>(create, evolve);
    }

    /// <summary>The fold of a class: a new object, to which events are applied.</summary>
    /// <typeparam name="TAggregate">The aggregate.</typeparam>
    /// <typeparam name="TEvent">What all of its events have in common.</typeparam>
    /// <param name="create">Makes an aggregate to which nothing has happened.</param>
    public static IStateFold<TAggregate, TEvent> OfClass<TAggregate, TEvent>(Func<TAggregate> create)
        where TAggregate : IAggregate<TEvent>
        where TEvent : notnull =>
        Of<TAggregate, TEvent>(create, static (aggregate, happened) =>
        {
            aggregate.Apply(happened);
            return aggregate;
        });

    private sealed class Functions<TState, TEvent>(Func<TState> create, Func<TState, TEvent, TState> evolve)
        : IStateFold<TState, TEvent>
    {
        public TState CreateInitialState() => create();

        public TState Evolve(TState state, TEvent happened) => evolve(state, happened);
    }
}
