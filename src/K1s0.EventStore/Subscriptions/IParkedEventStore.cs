namespace K1s0.EventStore;

/// <summary>Keeps the events that subscriptions put aside. Implementations are thread-safe.</summary>
public interface IParkedEventStore
{
    /// <summary>The most parked events that one call returns: 1,000.</summary>
    const int MaxPage = 1_000;

    /// <summary>
    /// Puts an event aside. One that is parked already keeps its place and time; attempts and cause are set anew when
    /// a cause is given.
    /// </summary>
    /// <param name="parked">The event.</param>
    /// <param name="cancellationToken">Gives up; repeating is harmless.</param>
    /// <returns>Whether it was not parked before.</returns>
    Task<bool> ParkAsync(ParkedEvent parked, CancellationToken cancellationToken = default);

    /// <summary>The parked events of a subscription, in the order of the feed.</summary>
    /// <param name="consumer">The name of the subscription.</param>
    /// <param name="after">Only events behind this position.</param>
    /// <param name="maxCount">The most events to return: 1 to 1,000.</param>
    /// <param name="cancellationToken">Gives up asking.</param>
    Task<IReadOnlyList<ParkedEvent>> ListAsync(
        string consumer, Position after = default, int maxCount = MaxPage,
        CancellationToken cancellationToken = default);

    /// <summary>Takes an event out.</summary>
    /// <param name="consumer">The name of the subscription.</param>
    /// <param name="position">The place of the event.</param>
    /// <param name="cancellationToken">Gives up; repeating is harmless.</param>
    /// <returns>Whether it was there.</returns>
    Task<bool> RemoveAsync(string consumer, Position position, CancellationToken cancellationToken = default);
}
