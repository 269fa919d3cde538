namespace K1s0.EventStore.Archive;

/// <summary>
/// The manifests of a bucket, and nothing else: for an archive that no database keeps books of. Of several that change
/// the listing at a time the next number goes to one, and the others are refused. Thread-safe.
/// </summary>
/// <param name="objects">Where the manifests are.</param>
/// <param name="timeProvider">The time of new ones; the system's clock when null.</param>
public sealed class BucketListings(IObjectStore objects, TimeProvider? timeProvider = null) : IArchiveListings
{
    private readonly ArchiveManifests _manifests = new(objects);

    // The last manifest that was seen; of several at a time any one will do.
    private long _known;

    /// <inheritdoc/>
    public async Task<ArchiveListing?> ReadAsync(CancellationToken cancellationToken = default)
    {
        var listing = await _manifests.ReadLatestFromAsync(Volatile.Read(ref _known), cancellationToken)
            .ConfigureAwait(false);
        Volatile.Write(ref _known, listing?.Number ?? 0);
        return listing;
    }

    /// <inheritdoc/>
    public async Task<bool> IsLastAsync(ArchiveListing known, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(known);
        return await objects.HeadAsync(ArchiveManifest.KeyOf(known.Number + 1), cancellationToken)
            .ConfigureAwait(false) is null;
    }

    /// <inheritdoc/>
    public Task<Position> GetBorderAsync(CancellationToken cancellationToken = default) =>
        Task.FromResult(Position.Start);

    /// <inheritdoc/>
    public Task<DateTimeOffset?> FindListedAtAsync(
        ArchiveManifest manifest, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        return Task.FromResult<DateTimeOffset?>(manifest.CreatedAt);
    }

    /// <inheritdoc/>
    public async Task<ArchiveListing> ReplaceAsync(
        ArchiveListing known, BatchReplacement replacement, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(known);
        ArgumentNullException.ThrowIfNull(replacement);
        var manifest = known.Replace(
            known.LeaderEpoch, (timeProvider ?? TimeProvider.System).GetUtcNow(), replacement);
        await _manifests.PutAsync(manifest, cancellationToken).ConfigureAwait(false);
        return known.With(manifest);
    }
}
