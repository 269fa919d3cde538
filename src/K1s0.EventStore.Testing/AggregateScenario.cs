namespace K1s0.EventStore.Testing;

/// <summary>A scenario of an aggregate that is a class. Not thread-safe.</summary>
/// <typeparam name="TAggregate">The aggregate.</typeparam>
/// <typeparam name="TEvent">What all events have in common.</typeparam>
public sealed class AggregateScenario<TAggregate, TEvent>
    where TAggregate : IAggregate<TEvent>
    where TEvent : notnull
{
    private readonly Func<TAggregate> _create;
    private readonly StoredForm<TEvent> _form = new();
    private readonly List<TEvent> _given = [];

    internal AggregateScenario(Func<TAggregate> create) => _create = create;

    /// <inheritdoc cref="DeciderScenario{TState, TCommand, TEvent}.Through"/>
    public AggregateScenario<TAggregate, TEvent> Through(EventSerializer serializer)
    {
        ArgumentNullException.ThrowIfNull(serializer);
        _form.Serializer = serializer;
        return this;
    }

    /// <summary>What has happened, in order; behind what was given before.</summary>
    /// <param name="events">The events.</param>
    public AggregateScenario<TAggregate, TEvent> Given(params TEvent[] events)
    {
        ArgumentNullException.ThrowIfNull(events);
        _given.AddRange(events);
        return this;
    }

    /// <summary>Acts on an aggregate to which all of that has happened.</summary>
    /// <param name="act">Calls the aggregate's methods.</param>
    public ScenarioOutcome<TAggregate, TEvent> When(Action<TAggregate> act)
    {
        ArgumentNullException.ThrowIfNull(act);
        var aggregate = _create();
        foreach (var happened in _form.Read(_given))
        {
            aggregate.Apply(happened);
        }

        var (events, refusal) = ScenarioOutcome<TAggregate, TEvent>.Try(() =>
        {
            act(aggregate);
            return aggregate.Changes.Recorded;
        });
        return new ScenarioOutcome<TAggregate, TEvent>(events, refusal, _form, () => aggregate);
    }
}
