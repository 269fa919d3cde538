namespace K1s0.EventStore.Testing;

/// <summary>A scenario of an aggregate that is made of functions. Not thread-safe.</summary>
/// <typeparam name="TState">The state.</typeparam>
/// <typeparam name="TCommand">What all commands have in common.</typeparam>
/// <typeparam name="TEvent">What all events have in common.</typeparam>
public sealed class DeciderScenario<TState, TCommand, TEvent>
    where TEvent : notnull
{
    private readonly IDecider<TState, TCommand, TEvent> _decider;
    private readonly StoredForm<TEvent> _form = new();
    private readonly List<TEvent> _given = [];

    internal DeciderScenario(IDecider<TState, TCommand, TEvent> decider) => _decider = decider;

    /// <summary>
    /// Writes and reads every event as a store would, and compares events by what is stored: so the scenario also shows
    /// that they can be stored. Without it, events are compared by <see cref="object.Equals(object)"/>.
    /// </summary>
    /// <param name="serializer">The kinds of events.</param>
    public DeciderScenario<TState, TCommand, TEvent> Through(EventSerializer serializer)
    {
        ArgumentNullException.ThrowIfNull(serializer);
        _form.Serializer = serializer;
        return this;
    }

    /// <summary>What has happened, in order; behind what was given before.</summary>
    /// <param name="events">The events.</param>
    public DeciderScenario<TState, TCommand, TEvent> Given(params TEvent[] events)
    {
        ArgumentNullException.ThrowIfNull(events);
        _given.AddRange(events);
        return this;
    }

    /// <summary>Decides a command on what has happened.</summary>
    /// <param name="command">The command.</param>
    public ScenarioOutcome<TState, TEvent> When(TCommand command)
    {
        // What cannot be folded is a mistake of the scenario, and no refusal of the command.
        var state = Fold(_given);
        var (happened, refusal) = ScenarioOutcome<TState, TEvent>.Try(() => [.. _decider.Decide(command, state)]);
        return new ScenarioOutcome<TState, TEvent>(
            happened, refusal, _form, () => Fold([.. _given, .. happened]));
    }

    // Anew each time: a state may be changed in place.
    private TState Fold(IEnumerable<TEvent> events) =>
        _form.Read(events).Aggregate(_decider.CreateInitialState(), _decider.Evolve);
}
