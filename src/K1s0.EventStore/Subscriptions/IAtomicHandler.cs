namespace K1s0.EventStore;

/// <summary>
/// Handles events and moves the checkpoint in one transaction, so that the effects happen exactly once. A backend
/// implements it around the application's handler; an application that can commit both at once may as well.
/// </summary>
public interface IAtomicHandler
{
    /// <summary>Handles the events and moves the checkpoint: both happen, or neither.</summary>
    /// <param name="events">The events, in the order of the feed; empty to move the checkpoint alone.</param>
    /// <param name="claim">The right to move the checkpoint.</param>
    /// <param name="checkpoint">Where the consumer stands afterwards.</param>
    /// <param name="cancellationToken">The subscription stops; nothing is committed.</param>
    /// <returns>The claim to go on with.</returns>
    /// <exception cref="EventHandlingException">
    /// The handler failed for the event that the exception names; nothing was committed.
    /// </exception>
    /// <exception cref="CheckpointConflictException">Somebody else took over; nothing was committed.</exception>
    Task<CheckpointClaim> HandleAsync(
        IReadOnlyList<EventEnvelope> events,
        CheckpointClaim claim,
        Checkpoint checkpoint,
        CancellationToken cancellationToken);

    /// <summary>Handles an event that was parked and takes it out: both happen, or neither.</summary>
    /// <param name="envelope">The event.</param>
    /// <param name="claim">The right to act for the consumer.</param>
    /// <param name="cancellationToken">Gives up; nothing is committed.</param>
    /// <exception cref="EventHandlingException">The handler failed again; nothing was committed.</exception>
    /// <exception cref="CheckpointConflictException">Somebody else took over; nothing was committed.</exception>
    Task ReplayAsync(EventEnvelope envelope, CheckpointClaim claim, CancellationToken cancellationToken);
}
