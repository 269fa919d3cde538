namespace K1s0.EventStore;

/// <summary>Keeps the latest snapshot of each stream. Implementations are thread-safe.</summary>
public interface ISnapshotStore
{
    /// <summary>
    /// Keeps a state, unless a snapshot of a later version is there already. Saving again is idempotent.
    /// </summary>
    /// <typeparam name="TState">The type of the state.</typeparam>
    /// <param name="streamId">The aggregate's stream.</param>
    /// <param name="version">The version of the last event that the state contains: 1 or more.</param>
    /// <param name="state">The state; it is serialised before the method returns its task.</param>
    /// <param name="cancellationToken">Gives up; the snapshot may have been kept all the same.</param>
    /// <exception cref="WriteOutcomeUnknownException">
    /// The snapshot may have been kept: save it again to be sure, or go on without, as it is only a cache.
    /// </exception>
    Task SaveAsync<TState>(
        StreamId streamId, long version, TState state, CancellationToken cancellationToken = default);

    /// <summary>Reads the snapshot of the highest version.</summary>
    /// <typeparam name="TState">The type of the state.</typeparam>
    /// <param name="streamId">The aggregate's stream.</param>
    /// <param name="cancellationToken">Gives up asking.</param>
    /// <returns>The snapshot; null when there is none.</returns>
    Task<Snapshot<TState>?> LoadLatestAsync<TState>(StreamId streamId, CancellationToken cancellationToken = default);
}
