namespace K1s0.EventStore.Sync;

/// <summary>
/// A store in which the last events of a log can be given up for others in the same places. Nothing is ever removed:
/// what was given up stays readable.
/// </summary>
public interface IBranchReplicaStore : IRepairableReplicaStore
{
    /// <summary>
    /// Puts events in the places of others. Durable when it returns; a failure leaves all of them, or none. The caller
    /// has verified them.
    /// </summary>
    /// <param name="branch">
    /// Events of one log by sequence, without gaps; the last one has the place of the last one that is stored.
    /// </param>
    /// <param name="cancellationToken">Gives up before the write.</param>
    /// <returns>False when the store has no room for so many; nothing has changed.</returns>
    Task<bool> AdoptAsync(IReadOnlyList<SyncEvent> branch, CancellationToken cancellationToken = default);

    /// <summary>
    /// The events that were given up, in the order in which they were, and each branch by sequence. What is damaged is
    /// left out.
    /// </summary>
    /// <param name="cancellationToken">Ends the reading.</param>
    IAsyncEnumerable<SyncEvent> ReadGivenUpAsync(CancellationToken cancellationToken = default);
}
