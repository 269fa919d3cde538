namespace K1s0.EventStore;

/// <summary>Handles the commands of a decider. Thread-safe.</summary>
/// <typeparam name="TState">The state.</typeparam>
/// <typeparam name="TCommand">What all commands have in common.</typeparam>
/// <typeparam name="TEvent">What all events have in common.</typeparam>
public sealed class CommandHandler<TState, TCommand, TEvent>
    where TEvent : notnull
{
    private readonly IDecider<TState, TCommand, TEvent> _decider;

    /// <summary>A handler.</summary>
    /// <param name="decider">The aggregate.</param>
    /// <param name="states">Loads its states; made with the same decider.</param>
    public CommandHandler(IDecider<TState, TCommand, TEvent> decider, AggregateStore<TState, TEvent> states)
    {
        ArgumentNullException.ThrowIfNull(decider);
        ArgumentNullException.ThrowIfNull(states);
        (_decider, States) = (decider, states);
    }

    /// <summary>Loads states without a command.</summary>
    public AggregateStore<TState, TEvent> States { get; }

    /// <summary>Loads the state, decides, and appends; again when somebody else appended in between.</summary>
    /// <param name="streamId">The stream.</param>
    /// <param name="command">The command.</param>
    /// <param name="metadata">Circumstances, the same for each event.</param>
    /// <param name="cancellationToken">Gives up as long as nothing is on its way to the store.</param>
    /// <inheritdoc cref="AggregateStore{TState, TEvent}.HandleAsync" path="/exception"/>
    public Task<HandledCommand<TState, TEvent>> HandleAsync(
        StreamId streamId,
        TCommand command,
        EventMetadata? metadata = null,
        CancellationToken cancellationToken = default) =>
        States.HandleAsync(streamId, state => _decider.Decide(command, state), metadata, cancellationToken);
}
