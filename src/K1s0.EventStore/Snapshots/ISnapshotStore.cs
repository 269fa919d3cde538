namespace K1s0.EventStore;

/// <summary>
/// Keeps the latest snapshot of each stream and name of a state. Implementations are thread-safe.
/// </summary>
/// <remarks>Two folds of one stream keep a snapshot each, as long as their states have different names.</remarks>
public interface ISnapshotStore
{
    /// <summary>
    /// Keeps a state without a name, unless a snapshot of a later version is there already. Saving again is idempotent.
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

    /// <summary>
    /// Keeps a state under a name, unless a snapshot of that name and of a later version is there already. Saving again
    /// is idempotent.
    /// </summary>
    /// <typeparam name="TState">The type of the state.</typeparam>
    /// <param name="streamId">The aggregate's stream.</param>
    /// <param name="stateName">The name of the state: see <see cref="SnapshotName"/>; empty for none.</param>
    /// <param name="version">The version of the last event that the state contains: 1 or more.</param>
    /// <param name="state">The state; it is serialised before the method returns its task.</param>
    /// <param name="cancellationToken">Gives up; the snapshot may have been kept all the same.</param>
    /// <exception cref="ArgumentException">The name is refused.</exception>
    /// <exception cref="WriteOutcomeUnknownException">
    /// The snapshot may have been kept: save it again to be sure, or go on without, as it is only a cache.
    /// </exception>
    Task SaveAsync<TState>(
        StreamId streamId, string stateName, long version, TState state, CancellationToken cancellationToken = default);

    /// <summary>Reads the snapshot of the highest version, of those that have no name.</summary>
    /// <typeparam name="TState">The type of the state.</typeparam>
    /// <param name="streamId">The aggregate's stream.</param>
    /// <param name="cancellationToken">Gives up asking.</param>
    /// <returns>The snapshot; null when there is none.</returns>
    Task<Snapshot<TState>?> LoadLatestAsync<TState>(StreamId streamId, CancellationToken cancellationToken = default);

    /// <summary>Reads the snapshot of the highest version, of those of a name.</summary>
    /// <typeparam name="TState">The type of the state.</typeparam>
    /// <param name="streamId">The aggregate's stream.</param>
    /// <param name="stateName">The name of the state: see <see cref="SnapshotName"/>; empty for none.</param>
    /// <param name="cancellationToken">Gives up asking.</param>
    /// <returns>The snapshot; null when there is none.</returns>
    /// <exception cref="ArgumentException">The name is refused.</exception>
    /// <exception cref="InvalidFormatException">What is kept is the snapshot of another state.</exception>
    /// <exception cref="DecompressionException">The state is damaged, or longer than 256 MiB.</exception>
    Task<Snapshot<TState>?> LoadLatestAsync<TState>(
        StreamId streamId, string stateName, CancellationToken cancellationToken = default);
}
