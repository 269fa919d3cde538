namespace K1s0.EventStore.Archive;

/// <summary>
/// Where the listing of an archive is kept that counts: the manifests of the bucket, or books that lead them.
/// Implementations are thread-safe.
/// </summary>
public interface IArchiveListings
{
    /// <summary>The listing as it is now.</summary>
    /// <param name="cancellationToken">Gives up reading.</param>
    /// <returns>The listing; null when nothing is archived.</returns>
    /// <exception cref="ObjectDamagedException">A manifest is damaged or missing.</exception>
    /// <exception cref="ManifestConflictException">A manifest does not continue the one before it.</exception>
    /// <exception cref="StoreUnavailableException">It cannot be read at the moment.</exception>
    Task<ArchiveListing?> ReadAsync(CancellationToken cancellationToken = default);

    /// <summary>Lists a batch in place of others that hold the same events. Durable on return.</summary>
    /// <param name="known">The listing that was read.</param>
    /// <param name="added">The batch, verified.</param>
    /// <param name="removed">The objects in whose place it comes.</param>
    /// <param name="cancellationToken">Gives up; it is listed or not.</param>
    /// <returns>The listing with it.</returns>
    /// <exception cref="ManifestConflictException">Somebody else has changed it since: read it again.</exception>
    /// <exception cref="WriteOutcomeUnknownException">Nobody knows whether it is listed: read it again.</exception>
    Task<ArchiveListing> ReplaceAsync(
        ArchiveListing known,
        ManifestBatch added,
        IReadOnlyList<ObjectKey> removed,
        CancellationToken cancellationToken = default);
}
