namespace K1s0.EventStore;

/// <summary>
/// Where a log is published for outsiders, in the layout of C2SP tlog-tiles: a directory, a bucket. Implementations are
/// thread-safe.
/// </summary>
/// <remarks>
/// Files are only ever added; the checkpoint alone is replaced, and only after everything that it needs is durable. So
/// after a crash at any instant the checkpoint that is there is complete. Partial tiles and bundles alone are taken
/// away, once the full one is there, which a reader that misses them takes instead.
/// </remarks>
public interface IPublishedLog
{
    /// <summary>The checkpoint that is published.</summary>
    /// <param name="cancellationToken">Gives up reading.</param>
    /// <returns>The bytes of the signed note; null when nothing is published.</returns>
    Task<ReadOnlyMemory<byte>?> ReadCheckpointAsync(CancellationToken cancellationToken);

    /// <summary>Adds a file if it is absent. Durable on return; repeating it is harmless.</summary>
    /// <param name="path">The path within the log, with slashes.</param>
    /// <param name="content">The whole content.</param>
    /// <param name="cancellationToken">Gives up; the file is there as a whole or not at all.</param>
    /// <returns>Whether the file is there with this content; false when it has another one, which stays.</returns>
    /// <exception cref="StoreUnavailableException">It cannot be written at the moment.</exception>
    Task<bool> PutAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken);

    /// <summary>Takes away the partial files of a full one, <c>path.p/1</c> to <c>path.p/255</c>.</summary>
    /// <param name="path">The path of the full file, which is there.</param>
    /// <param name="cancellationToken">Gives up; some may be left.</param>
    /// <exception cref="StoreUnavailableException">They cannot be taken away at the moment.</exception>
    Task RemovePartialsAsync(string path, CancellationToken cancellationToken);

    /// <summary>
    /// Replaces the checkpoint, in one step, if it is still the one that was read. Durable on return.
    /// </summary>
    /// <param name="expected">What <see cref="ReadCheckpointAsync"/> returned.</param>
    /// <param name="checkpoint">The new one.</param>
    /// <param name="cancellationToken">Gives up as long as nothing is replaced.</param>
    /// <returns>False when it is another one by now, which stays.</returns>
    /// <exception cref="StoreUnavailableException">It cannot be written at the moment.</exception>
    Task<bool> ReplaceCheckpointAsync(
        ReadOnlyMemory<byte>? expected, ReadOnlyMemory<byte> checkpoint, CancellationToken cancellationToken);
}
