namespace K1s0.EventStore.Sync;

/// <summary>
/// Where a replica keeps its logs. One replica uses it at a time; calls come one after the other, except that
/// <see cref="ReadAsync"/> may run beside the others.
/// </summary>
public interface IReplicaStore
{
    /// <summary>Who the store belongs to; null while nobody has said.</summary>
    /// <param name="cancellationToken">Gives up; nothing has changed.</param>
    Task<ReplicaIdentity?> ReadIdentityAsync(CancellationToken cancellationToken = default);

    /// <summary>Says who the store belongs to. Durable when it returns.</summary>
    /// <param name="identity">The replica and the place.</param>
    /// <param name="cancellationToken">Gives up before the write.</param>
    Task WriteIdentityAsync(ReplicaIdentity identity, CancellationToken cancellationToken = default);

    /// <summary>The end of every log.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    Task<IReadOnlyList<OriginHead>> ReadHeadsAsync(CancellationToken cancellationToken = default);

    /// <summary>
    /// A page of the events behind one clock and up to another, in <see cref="EventOrder"/>; those of one log by
    /// sequence.
    /// </summary>
    /// <param name="after">
    /// What is not wanted any more. It may name more than is stored, and names no less of a log than it begins behind.
    /// </param>
    /// <param name="upTo">Which origins are wanted, and up to where; others are left out.</param>
    /// <param name="maxEvents">At most so many, 1 or more.</param>
    /// <param name="maxBytes">
    /// Stops when the sum of <see cref="SyncEvent.Size"/> reaches this; at least one event is given all the same.
    /// </param>
    /// <param name="cancellationToken">Gives up.</param>
    Task<IReadOnlyList<SyncEvent>> ReadAsync(
        VectorClock after,
        VectorClock upTo,
        int maxEvents,
        int maxBytes,
        CancellationToken cancellationToken = default);

    /// <summary>Stores events. Durable when it returns; a failure leaves none of them, or the first so many.</summary>
    /// <param name="events">Events in the order of delivery, each the next of its log.</param>
    /// <param name="cancellationToken">Gives up before the write.</param>
    Task AppendAsync(IReadOnlyList<DeliveredEvent> events, CancellationToken cancellationToken = default);
}
