namespace K1s0.EventStore.Archive;

/// <summary>What an archive had by its earlier manifests.</summary>
internal sealed class ListingHistory(IObjectStore objects)
{
    private readonly ArchiveManifests _manifests = new(objects);

    /// <summary>The listing as it was with a manifest.</summary>
    /// <exception cref="ManifestConflictException">A manifest does not continue the one before it.</exception>
    /// <exception cref="ObjectDamagedException">A manifest is damaged or missing.</exception>
    public async Task<ArchiveListing> ReadAtAsync(long number, CancellationToken cancellationToken)
    {
        var last = await ReadAsync(number, cancellationToken).ConfigureAwait(false);
        var listing = ArchiveListing.Of(
            last.IsComplete ? last : await ReadAsync(last.Base, cancellationToken).ConfigureAwait(false));
        while (listing.Number < number)
        {
            listing = listing.With(
                listing.Number + 1 == number
                    ? last
                    : await ReadAsync(listing.Number + 1, cancellationToken).ConfigureAwait(false));
        }

        return listing;
    }

    private async Task<ArchiveManifest> ReadAsync(long number, CancellationToken cancellationToken) =>
        await _manifests.ReadAsync(number, cancellationToken).ConfigureAwait(false)
        ?? throw new ObjectDamagedException(
            ArchiveManifest.KeyOf(number).Value, "it is gone, though later ones count on it.");
}
