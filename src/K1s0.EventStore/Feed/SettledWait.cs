namespace K1s0.EventStore;

/// <summary>
/// Tells a feed whose bound has gone back for a moment from one that lost events. A process that is new to a store may
/// be told a lower bound than another one was before: as long as an append is held up, or the server has not secured
/// all that it wrote.
/// </summary>
internal static class SettledWait
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    /// <summary>Waits until the bound is at a position that was read before; the bound then.</summary>
    /// <exception cref="FeedDivergedException">The store has never given out that position: it lost events.</exception>
    /// <exception cref="StoreUnavailableException">The bound did not come back in time.</exception>
    public static async Task<Position> UntilAsync(
        this IFeedReader feed, Position position, TimeProvider timeProvider, CancellationToken cancellationToken)
    {
        var start = timeProvider.GetTimestamp();
        while (true)
        {
            var bound = await feed.GetSettledBoundAsync(cancellationToken).ConfigureAwait(false);
            if (bound >= position)
            {
                return bound;
            }

            if (await feed.GetLastPositionAsync(cancellationToken).ConfigureAwait(false) < position)
            {
                throw new FeedDivergedException(position, bound);
            }

            if (timeProvider.GetElapsedTime(start) >= Limit)
            {
                throw new StoreUnavailableException(
                    $"The settled bound is at {bound}, and was at {position} before: an append holds it back, or the "
                    + "server has not secured what it wrote. Nothing is lost; try again.");
            }

            await Task.Delay(Pause, timeProvider, cancellationToken).ConfigureAwait(false);
        }
    }
}
