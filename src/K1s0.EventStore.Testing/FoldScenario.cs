namespace K1s0.EventStore.Testing;

/// <summary>A scenario of what events add up to. Not thread-safe.</summary>
/// <typeparam name="TState">The state.</typeparam>
/// <typeparam name="TEvent">What all events have in common.</typeparam>
public sealed class FoldScenario<TState, TEvent>
    where TEvent : notnull
{
    private readonly IStateFold<TState, TEvent> _fold;
    private readonly StoredForm<TEvent> _form = new();
    private readonly List<TEvent> _given = [];

    internal FoldScenario(IStateFold<TState, TEvent> fold) => _fold = fold;

    /// <inheritdoc cref="DeciderScenario{TState, TCommand, TEvent}.Through"/>
    public FoldScenario<TState, TEvent> Through(EventSerializer serializer)
    {
        ArgumentNullException.ThrowIfNull(serializer);
        _form.Serializer = serializer;
        return this;
    }

    /// <summary>What has happened, in order; behind what was given before.</summary>
    /// <param name="events">The events.</param>
    public FoldScenario<TState, TEvent> Given(params TEvent[] events)
    {
        ArgumentNullException.ThrowIfNull(events);
        _given.AddRange(events);
        return this;
    }

    /// <summary>The events add up to this state.</summary>
    /// <param name="expected">The state, compared by <see cref="object.Equals(object)"/>.</param>
    /// <exception cref="ScenarioFailedException">They add up to another one.</exception>
    public FoldScenario<TState, TEvent> Then(TState expected)
    {
        ScenarioOutcome<TState, TEvent>.CheckState(expected, Fold());
        return this;
    }

    /// <summary>Looks at the state that the events add up to.</summary>
    /// <param name="check">Throws whatever the test framework throws, or returns.</param>
    public FoldScenario<TState, TEvent> Then(Action<TState> check)
    {
        ArgumentNullException.ThrowIfNull(check);
        check(Fold());
        return this;
    }

    private TState Fold() => _form.Read(_given).Aggregate(_fold.CreateInitialState(), _fold.Evolve);
}
