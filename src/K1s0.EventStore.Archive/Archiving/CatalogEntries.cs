namespace K1s0.EventStore.Archive;

/// <summary>All batches of the books.</summary>
internal static class CatalogEntries
{
    private const int EntriesPerPage = 10_000;

    /// <summary>In order of positions.</summary>
    public static async Task<IReadOnlyList<BatchEntry>> ReadAsync(
        IArchiveCatalog catalog, CancellationToken cancellationToken)
    {
        var entries = new List<BatchEntry>();
        IReadOnlyList<BatchEntry> page;
        do
        {
            page = await catalog.ListBatchesAsync(
                entries is [.., var last] ? last.Plan.Last : default, EntriesPerPage, cancellationToken)
                .ConfigureAwait(false);
            entries.AddRange(page);
        }
        while (page.Count == EntriesPerPage);

        return entries;
    }

    /// <summary>
    /// Whether the books have the batches of a listing: the same objects with the same events. They have not, when an
    /// adoption was cut off in front of its last manifest, or when a manifest says something else of an object.
    /// </summary>
    public static async Task<bool> AreListedAsync(
        IArchiveCatalog catalog, ArchiveListing listing, CancellationToken cancellationToken) =>
        (await ReadAsync(catalog, cancellationToken).ConfigureAwait(false))
            .Where(entry => entry.State >= ArchiveState.Listed)
            .Select(entry => (entry.Stored!.Key, entry.Stored.Digest, entry.EventsDigest))
            .SequenceEqual(listing.Batches.Select(batch => (batch.Key.Value, batch.Digest, batch.EventsDigest)));
}
