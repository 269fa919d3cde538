namespace K1s0.EventStore.Testing;

/// <summary>Begins a scenario: given what has happened, when something is asked, then this is what follows.</summary>
/// <remarks>
/// A scenario says what is wrong by a <see cref="ScenarioFailedException"/>, so it needs no test framework and fits
/// into each. It is of one test and one thread.
/// </remarks>
public static class Scenario
{
    /// <summary>A scenario of an aggregate that is made of functions.</summary>
    /// <typeparam name="TState">The state.</typeparam>
    /// <typeparam name="TCommand">What all commands have in common.</typeparam>
    /// <typeparam name="TEvent">What all events have in common.</typeparam>
    /// <param name="decider">The aggregate.</param>
    public static DeciderScenario<TState, TCommand, TEvent> For<TState, TCommand, TEvent>(
        IDecider<TState, TCommand, TEvent> decider)
        where TEvent : notnull
    {
        ArgumentNullException.ThrowIfNull(decider);
        return new DeciderScenario<TState, TCommand, TEvent>(decider);
    }

    /// <summary>A scenario of an aggregate that is a class.</summary>
    /// <typeparam name="TAggregate">The aggregate.</typeparam>
    /// <typeparam name="TEvent">What all events have in common.</typeparam>
    /// <param name="create">Makes an aggregate to which nothing has happened.</param>
    public static AggregateScenario<TAggregate, TEvent> ForClass<TAggregate, TEvent>(Func<TAggregate> create)
        where TAggregate : IAggregate<TEvent>
        where TEvent : notnull
    {
        ArgumentNullException.ThrowIfNull(create);
        return new AggregateScenario<TAggregate, TEvent>(create);
    }

    /// <summary>A scenario of what events add up to: a projection that is folded when it is read.</summary>
    /// <typeparam name="TState">The state.</typeparam>
    /// <typeparam name="TEvent">What all events have in common.</typeparam>
    /// <param name="fold">How events add up.</param>
    public static FoldScenario<TState, TEvent> ForFold<TState, TEvent>(IStateFold<TState, TEvent> fold)
        where TEvent : notnull
    {
        ArgumentNullException.ThrowIfNull(fold);
        return new FoldScenario<TState, TEvent>(fold);
    }

    /// <summary>A scenario of a projection, or any other handler, that takes one event after the other.</summary>
    /// <param name="handler">What is done with an event.</param>
    /// <param name="serializer">The kinds of events.</param>
    public static ProjectionScenario ForHandler(ISubscriptionHandler handler, EventSerializer serializer)
    {
        ArgumentNullException.ThrowIfNull(handler);
        ArgumentNullException.ThrowIfNull(serializer);
        return new ProjectionScenario(
            async (events, cancellationToken) =>
            {
                foreach (var envelope in events)
                {
                    await handler.HandleAsync(envelope, cancellationToken).ConfigureAwait(false);
                }
            },
            serializer);
    }

    /// <summary>A scenario of a projection that takes several events at once.</summary>
    /// <param name="apply">
    /// Writes what some events mean: for a projection into a database, a call of its <c>ApplyAsync</c> in a
    /// transaction.
    /// </param>
    /// <param name="serializer">The kinds of events.</param>
    public static ProjectionScenario ForProjection(
        Func<IReadOnlyList<EventEnvelope>, CancellationToken, Task> apply, EventSerializer serializer)
    {
        ArgumentNullException.ThrowIfNull(apply);
        ArgumentNullException.ThrowIfNull(serializer);
        return new ProjectionScenario(apply, serializer);
    }
}
