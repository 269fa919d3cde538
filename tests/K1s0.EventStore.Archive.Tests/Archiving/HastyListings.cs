namespace K1s0.EventStore.Archive.Tests;

/// <summary>A mistake: what is replaced is deleted before anybody lists what comes in its place.</summary>
internal sealed class HastyListings(IArchiveListings listings, IObjectStore objects) : IArchiveListings
{
    public Task<ArchiveListing?> ReadAsync(CancellationToken cancellationToken = default) =>
        listings.ReadAsync(cancellationToken);

    public Task<bool> IsLastAsync(ArchiveListing known, CancellationToken cancellationToken = default) =>
        listings.IsLastAsync(known, cancellationToken);

    public Task<Position> GetBorderAsync(CancellationToken cancellationToken = default) =>
        listings.GetBorderAsync(cancellationToken);

    public Task<DateTimeOffset?> FindListedAtAsync(
        ArchiveManifest manifest, CancellationToken cancellationToken = default) =>
        listings.FindListedAtAsync(manifest, cancellationToken);

    public async Task<ArchiveListing> ReplaceAsync(
        ArchiveListing known, BatchReplacement replacement, CancellationToken cancellationToken = default)
    {
        foreach (var key in replacement.Replaced)
        {
            await objects.DeleteAsync(new ObjectKey(key), cancellationToken);
        }

        return await listings.ReplaceAsync(known, replacement, cancellationToken);
    }
}
