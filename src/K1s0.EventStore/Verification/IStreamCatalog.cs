namespace K1s0.EventStore;

/// <summary>
/// Lists the streams of a store as its own books have them, so that they can be compared with the events.
/// Implementations are thread-safe.
/// </summary>
public interface IStreamCatalog
{
    /// <summary>The most streams that one page may be asked for: 10,000.</summary>
    const int MaxStreams = 10_000;

    /// <summary>Lists streams in a fixed order of their names.</summary>
    /// <param name="after">Only streams behind this one are listed; null for the first page.</param>
    /// <param name="maxCount">The most streams to return: 1 to <see cref="MaxStreams"/>.</param>
    /// <param name="cancellationToken">Gives up reading.</param>
    /// <returns>The streams; fewer than asked for only at the end.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maxCount"/> is out of its range.</exception>
    Task<IReadOnlyList<CatalogEntry>> ListStreamsAsync(
        StreamId? after = null, int maxCount = 1_000, CancellationToken cancellationToken = default);

    /// <summary>The last position that the store has given out: no event that can be read stands behind it.</summary>
    /// <param name="cancellationToken">Gives up asking.</param>
    Task<Position> GetLastPositionAsync(CancellationToken cancellationToken = default);
}
