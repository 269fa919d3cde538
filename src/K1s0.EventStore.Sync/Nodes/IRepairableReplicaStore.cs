namespace K1s0.EventStore.Sync;

/// <summary>
/// A store whose logs can be looked through, and whose damaged events can be replaced. The reading members may run
/// beside the others.
/// </summary>
public interface IRepairableReplicaStore : IReplicaStore
{
    /// <summary>The events of a part of a log that are whole, without their content.</summary>
    /// <param name="origin">Whose log.</param>
    /// <param name="first">The first sequence, 1 or more.</param>
    /// <param name="last">The last sequence; at most 4,095 behind the first.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>By sequence. What is not there, or is not what was stored, is left out.</returns>
    Task<IReadOnlyList<LogLink>> ReadLinksAsync(
        Origin origin, long first, long last, CancellationToken cancellationToken = default);

    /// <summary>Events of a log that are whole.</summary>
    /// <param name="origin">Whose log.</param>
    /// <param name="sequences">Which events, at most 256.</param>
    /// <param name="maxBytes">
    /// Stops when the sum of <see cref="SyncEvent.Size"/> reaches this; at least one event is given all the same.
    /// </param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>In the order asked for. What is not there, or is not what was stored, is left out.</returns>
    Task<IReadOnlyList<SyncEvent>> ReadWholeAsync(
        Origin origin, IReadOnlyList<long> sequences, int maxBytes, CancellationToken cancellationToken = default);

    /// <summary>
    /// Puts events in the places of damaged ones. Durable when it returns; a failure leaves all of them, or none. The
    /// caller has verified them.
    /// </summary>
    /// <param name="events">At most 256 events; one that is there already changes nothing.</param>
    /// <param name="cancellationToken">Gives up before the write.</param>
    /// <exception cref="InvalidOperationException">There are more repairs than the store keeps.</exception>
    Task RepairAsync(IReadOnlyList<SyncEvent> events, CancellationToken cancellationToken = default);
}
