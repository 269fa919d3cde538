using System.Runtime.CompilerServices;

namespace K1s0.EventStore;

/// <summary>Reading the feed as a sequence.</summary>
public static class FeedReaderExtensions
{
    /// <summary>
    /// Reads the feed up to the settled bound of the moment when reading starts, page by page; no connection is held
    /// while the consumer works.
    /// </summary>
    /// <param name="reader">The store.</param>
    /// <param name="after">Only events behind this position are read.</param>
    /// <param name="filter">Which events to return; null for all.</param>
    /// <param name="pageSize">The most events a page: 1 to 10,000.</param>
    /// <param name="cancellationToken">Gives up reading.</param>
    public static IAsyncEnumerable<EventEnvelope> ReadFeedAsync(
        this IFeedReader reader,
        Position after = default,
        FeedFilter? filter = null,
        int pageSize = 1_000,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(reader);
        ArgumentOutOfRangeException.ThrowIfLessThan(pageSize, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(pageSize, FeedPage.MaxEvents);
        return ReadPagesAsync(reader, after, filter, pageSize, cancellationToken);
    }

    private static async IAsyncEnumerable<EventEnvelope> ReadPagesAsync(
        IFeedReader reader,
        Position after,
        FeedFilter? filter,
        int pageSize,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var end = await reader.GetSettledBoundAsync(cancellationToken).ConfigureAwait(false);
        while (after < end)
        {
            var page = await reader.ReadFeedPageAsync(after, filter, pageSize, cancellationToken).ConfigureAwait(false);
            foreach (var envelope in page.Events)
            {
                if (envelope.Position > end)
                {
                    yield break;
                }

                yield return envelope;
            }

            after = page.ReadTo;
        }
    }
}
