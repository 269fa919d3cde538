namespace K1s0.EventStore;

/// <summary>Loads and saves aggregates that are classes. Thread-safe; the aggregates are not.</summary>
/// <typeparam name="TAggregate">The aggregate.</typeparam>
/// <typeparam name="TEvent">What all of its events have in common.</typeparam>
public sealed class AggregateRepository<TAggregate, TEvent>
    where TAggregate : IAggregate<TEvent>
    where TEvent : notnull
{
    /// <summary>A repository.</summary>
    /// <param name="states">Loads the aggregates; made with <see cref="StateFold.OfClass"/>.</param>
    public AggregateRepository(AggregateStore<TAggregate, TEvent> states)
    {
        ArgumentNullException.ThrowIfNull(states);
        States = states;
    }

    /// <summary>Loads aggregates to look at.</summary>
    public AggregateStore<TAggregate, TEvent> States { get; }

    /// <summary>Loads an aggregate, an object of the caller's own; a new one when there is no stream.</summary>
    /// <param name="streamId">The stream.</param>
    /// <param name="cancellationToken">Gives up loading.</param>
    /// <inheritdoc cref="AggregateStore{TState, TEvent}.LoadAsync" path="/exception"/>
    public Task<LoadedState<TAggregate>> LoadAsync(StreamId streamId, CancellationToken cancellationToken = default) =>
        States.LoadAsync(streamId, cancellationToken);

    /// <summary>
    /// Appends what was recorded since the aggregate was loaded; the stream must still be at that version. Load it
    /// again for the next change.
    /// </summary>
    /// <param name="loaded">The aggregate as it was loaded.</param>
    /// <param name="metadata">Circumstances, the same for each event.</param>
    /// <param name="cancellationToken">Gives up as long as the append waits.</param>
    /// <inheritdoc cref="IEventStore.AppendAsync" path="/exception"/>
    public Task<AppendResult> SaveAsync(
        LoadedState<TAggregate> loaded, EventMetadata? metadata = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(loaded);
        return States.AppendAsync(loaded, loaded.State.Changes.Recorded, metadata, cancellationToken);
    }

    /// <summary>Loads an aggregate, acts, and saves; again, on a new object, when somebody else was faster.</summary>
    /// <param name="streamId">The stream.</param>
    /// <param name="act">Calls the aggregate's methods; called once an attempt.</param>
    /// <param name="metadata">Circumstances, the same for each event.</param>
    /// <param name="cancellationToken">Gives up as long as nothing is on its way to the store.</param>
    /// <inheritdoc cref="AggregateStore{TState, TEvent}.HandleAsync" path="/exception"/>
    public async Task<HandledCommand<TAggregate, TEvent>> HandleAsync(
        StreamId streamId,
        Action<TAggregate> act,
        EventMetadata? metadata = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(act);
        var handled = await States.DecideAsync(
            streamId,
            aggregate =>
            {
                act(aggregate);
                return aggregate.Changes.Recorded;
            },
            metadata,
            cancellationToken).ConfigureAwait(false);
        return handled.ToCommand(handled.Loaded.State);
    }
}
