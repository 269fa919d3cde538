namespace K1s0.EventStore.Sync;

/// <summary>
/// The other side of a queue, for example a server: what carries operations there is the application's.
/// </summary>
public interface IOperationTarget
{
    /// <summary>
    /// Sends operations. They may have been sent before: they take effect once, by their ids. Behind one that failed,
    /// no other of its key is looked at.
    /// </summary>
    /// <param name="operations">Operations in order.</param>
    /// <param name="cancellationToken">Gives up; what was sent may take effect all the same.</param>
    /// <returns>The answers in the same order; fewer when the rest was not looked at.</returns>
    /// <exception cref="IOException">The other side could not be reached, or the connection broke.</exception>
    /// <exception cref="TimeoutException">It did not answer in time.</exception>
    /// <exception cref="EventStoreException">
    /// Its store failed; when the failure is transient it counts as not reached.
    /// </exception>
    Task<IReadOnlyList<OperationResult>> SubmitAsync(
        IReadOnlyList<QueuedOperation> operations, CancellationToken cancellationToken = default);
}
