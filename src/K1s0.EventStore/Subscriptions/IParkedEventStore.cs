namespace K1s0.EventStore;

/// <summary>Keeps the events that subscriptions put aside. Implementations are thread-safe.</summary>
/// <remarks>
/// Only who owns the consumer's checkpoint may put events aside: whether the claim still counts is decided where the
/// event is written, in one step with writing it. A former owner that was frozen and wakes up is refused.
/// </remarks>
public interface IParkedEventStore
{
    /// <summary>The most parked events that one call returns: 1,000.</summary>
    const int MaxPage = 1_000;

    /// <summary>
    /// Puts an event aside. One that is parked already keeps its place and time; attempts and cause are set anew when
    /// a cause is given.
    /// </summary>
    /// <param name="parked">The event, of the consumer of the claim.</param>
    /// <param name="claim">The right to act for the consumer; only its epoch counts, not its checkpoint.</param>
    /// <param name="cancellationToken">Gives up; repeating is harmless.</param>
    /// <returns>Whether it was not parked before.</returns>
    /// <exception cref="CheckpointConflictException">Somebody else took over; nothing was written.</exception>
    /// <exception cref="ArgumentException">The event is another consumer's.</exception>
    Task<bool> ParkAsync(ParkedEvent parked, CheckpointClaim claim, CancellationToken cancellationToken = default);

    /// <summary>
    /// Sets attempts and cause of a parked event anew. One that is not parked any more stays out: it was handled
    /// meanwhile.
    /// </summary>
    /// <param name="parked">The event, with its new attempts and cause.</param>
    /// <param name="claim">The right to act for the consumer; only its epoch counts, not its checkpoint.</param>
    /// <param name="cancellationToken">Gives up; repeating is harmless.</param>
    /// <returns>Whether it is parked.</returns>
    /// <exception cref="CheckpointConflictException">Somebody else took over; nothing was written.</exception>
    /// <exception cref="ArgumentException">The event is another consumer's.</exception>
    Task<bool> UpdateAsync(ParkedEvent parked, CheckpointClaim claim, CancellationToken cancellationToken = default);

    /// <summary>The parked events of a subscription, in the order of the feed.</summary>
    /// <param name="consumer">The name of the subscription.</param>
    /// <param name="after">Only events behind this position.</param>
    /// <param name="maxCount">The most events to return: 1 to 1,000.</param>
    /// <param name="cancellationToken">Gives up asking.</param>
    Task<IReadOnlyList<ParkedEvent>> ListAsync(
        string consumer, Position after = default, int maxCount = MaxPage,
        CancellationToken cancellationToken = default);

    /// <summary>
    /// Takes an event out: it was handled, or somebody gives it up. Asks for no claim, as taking out twice changes
    /// nothing; a subscription that runs notices it with its next replay.
    /// </summary>
    /// <param name="consumer">The name of the subscription.</param>
    /// <param name="position">The place of the event.</param>
    /// <param name="cancellationToken">Gives up; repeating is harmless.</param>
    /// <returns>Whether it was there.</returns>
    Task<bool> RemoveAsync(string consumer, Position position, CancellationToken cancellationToken = default);
}
