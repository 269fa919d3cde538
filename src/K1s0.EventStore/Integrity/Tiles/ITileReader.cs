namespace K1s0.EventStore.Integrity;

/// <summary>Where the tiles of a Merkle log are read from: memory, a directory, a store.</summary>
public interface ITileReader
{
    /// <summary>Reads tiles. Thread-safe.</summary>
    /// <param name="tiles">The tiles, each as wide as it is needed; at most 24.</param>
    /// <param name="cancellationToken">Gives up; nothing is left behind.</param>
    /// <returns>
    /// The bytes of each tile in the same order, 32 for each hash. A tile that has grown since may come wider than it
    /// was asked for: its first hashes are the same.
    /// </returns>
    /// <exception cref="TileMissingException">A tile is not there.</exception>
    Task<IReadOnlyList<ReadOnlyMemory<byte>>> ReadAsync(
        IReadOnlyList<MerkleTile> tiles, CancellationToken cancellationToken);
}
