using K1s0.EventStore.ObjectStores;

namespace K1s0.EventStore.Archive.Tests;

/// <summary>Reads a simulated store through to its archive, as stores do: by the books, without looking again.</summary>
internal sealed class ThroughReader(SimulatedArchive archive, IArchivedEvents archived) : IFeedReader
{
    public Task<StoreIdentity> GetIdentityAsync(CancellationToken cancellationToken = default) =>
        archive.GetIdentityAsync(cancellationToken);

    public Task<Position> GetSettledBoundAsync(CancellationToken cancellationToken = default) =>
        archive.GetSettledBoundAsync(cancellationToken);

    public async Task<FeedPage> ReadFeedPageAsync(
        Position after,
        FeedFilter? filter = null,
        int maxCount = 1_000,
        CancellationToken cancellationToken = default)
    {
        try
        {
            return await archive.ReadFeedPageAsync(after, filter, maxCount, cancellationToken);
        }
        catch (EventsArchivedException)
        {
            // Behind the border.
        }

        var bound = await archive.GetSettledBoundAsync(cancellationToken);
        var stretch = await archived.ReadAsync(
            archive.FindArchived(after), after, filter, maxCount, cancellationToken);
        return new FeedPage(stretch.Events, stretch.ReadTo, bound) { Archive = stretch.Scan };
    }
}
