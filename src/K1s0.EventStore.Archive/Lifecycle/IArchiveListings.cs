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

    /// <summary>
    /// Whether a listing is still the last one, and no other is on its way: asked right before an object goes that it
    /// does not name.
    /// </summary>
    /// <param name="known">The listing that was read.</param>
    /// <param name="cancellationToken">Gives up asking.</param>
    /// <exception cref="StoreUnavailableException">It cannot be asked at the moment.</exception>
    Task<bool> IsLastAsync(ArchiveListing known, CancellationToken cancellationToken = default);

    /// <summary>
    /// Batches before and behind this position are not made into one: where the books send readers to the archive.
    /// </summary>
    /// <param name="cancellationToken">Gives up asking.</param>
    /// <returns>The last position of a batch; the start when there is no border.</returns>
    /// <exception cref="StoreUnavailableException">It cannot be asked at the moment.</exception>
    Task<Position> GetBorderAsync(CancellationToken cancellationToken = default);

    /// <summary>Since when a manifest counts: nobody is sent since to what it took away.</summary>
    /// <param name="manifest">A manifest of the bucket.</param>
    /// <param name="cancellationToken">Gives up asking.</param>
    /// <returns>The time; null when it does not count yet, or nobody knows.</returns>
    /// <exception cref="StoreUnavailableException">It cannot be asked at the moment.</exception>
    Task<DateTimeOffset?> FindListedAtAsync(
        ArchiveManifest manifest, CancellationToken cancellationToken = default);

    /// <summary>Lists a batch in place of others that hold the same events. Durable on return.</summary>
    /// <param name="known">The listing that was read.</param>
    /// <param name="replacement">The batch, read back and verified, and those in whose place it comes.</param>
    /// <param name="cancellationToken">Gives up; it is listed or not.</param>
    /// <returns>The listing with it.</returns>
    /// <exception cref="ManifestConflictException">Somebody else has changed it since: read it again.</exception>
    /// <exception cref="ArchiveRefusedException">
    /// The books refuse: another process has their lease (<see cref="ArchiveRefusal.Busy"/>), or has gone on.
    /// </exception>
    /// <exception cref="LeaseLostException">Another process leads since.</exception>
    /// <exception cref="WriteOutcomeUnknownException">Nobody knows whether it is listed: read it again.</exception>
    Task<ArchiveListing> ReplaceAsync(
        ArchiveListing known, BatchReplacement replacement, CancellationToken cancellationToken = default);
}
