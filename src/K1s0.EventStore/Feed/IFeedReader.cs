namespace K1s0.EventStore;

/// <summary>
/// Reading the feed: all events of a store in the order of their positions. Implementations are thread-safe.
/// </summary>
/// <remarks>
/// The feed ends at the settled bound: positions up to it never change any more, so a reader that remembers how far it
/// got misses nothing and sees nothing twice, however the writers race, roll back or stall.
/// </remarks>
public interface IFeedReader
{
    /// <summary>Which store the positions belong to.</summary>
    /// <param name="cancellationToken">Gives up asking.</param>
    Task<StoreIdentity> GetIdentityAsync(CancellationToken cancellationToken = default);

    /// <summary>Up to which position the feed is final at this moment.</summary>
    /// <param name="cancellationToken">Gives up asking.</param>
    Task<Position> GetSettledBoundAsync(CancellationToken cancellationToken = default);

    /// <summary>
    /// The last position that the store has given out, also to an append that was rolled back or has not ended: never
    /// before the bound. A bound that is behind a position that was read is a moment's matter as long as this is not.
    /// Who wraps a reader passes the question on; a store whose bound never goes back need not answer it.
    /// </summary>
    /// <param name="cancellationToken">Gives up asking.</param>
    /// <returns>By default the settled bound.</returns>
    Task<Position> GetLastPositionAsync(CancellationToken cancellationToken = default) =>
        GetSettledBoundAsync(cancellationToken);

    /// <summary>Reads one page.</summary>
    /// <param name="after">Only events behind this position are read.</param>
    /// <param name="filter">Which events to return; null for all.</param>
    /// <param name="maxCount">The most events to return: 1 to 10,000.</param>
    /// <param name="cancellationToken">Gives up reading.</param>
    /// <returns>The events, and how far the feed has been looked through: continue from there.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maxCount"/> is out of its range.</exception>
    Task<FeedPage> ReadFeedPageAsync(
        Position after,
        FeedFilter? filter = null,
        int maxCount = 1_000,
        CancellationToken cancellationToken = default);
}
