using System.Diagnostics;
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

    /// <summary>
    /// Reads what was recorded in a stretch of time, from database and archive alike, and says what it cost. Only those
    /// partitions are looked into whose times overlap it.
    /// </summary>
    /// <param name="reader">The store.</param>
    /// <param name="from">Recorded at this time or later.</param>
    /// <param name="before">Recorded before this time; null for no end.</param>
    /// <param name="limit">The most events: 1 to 10,000.</param>
    /// <param name="after">Only events behind this position: <see cref="TimeRange.ReadTo"/>, to continue.</param>
    /// <param name="cancellationToken">Gives up reading.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="limit"/> is out of its range.</exception>
    public static Task<TimeRange> ReadTimeRangeAsync(
        this IFeedReader reader,
        DateTimeOffset from,
        DateTimeOffset? before = null,
        int limit = 1_000,
        Position after = default,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(reader);
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limit, FeedPage.MaxEvents);
        var filter = new FeedFilter { RecordedFrom = from, RecordedBefore = before };
        return ReadRangeAsync(reader, filter, limit, after, cancellationToken);
    }

    private static async Task<TimeRange> ReadRangeAsync(
        IFeedReader reader, FeedFilter filter, int limit, Position after, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        var events = new List<EventEnvelope>();
        var (scan, pages, isAtEnd) = (ArchiveScan.None, 0, false);
        while (!isAtEnd && events.Count < limit)
        {
            var page = await reader
                .ReadFeedPageAsync(after, filter, limit - events.Count, cancellationToken)
                .ConfigureAwait(false);
            events.AddRange(page.Events);
            scan = page.Archive is { } archive ? scan.Plus(archive) : scan;
            (after, isAtEnd) = (page.ReadTo, page.IsAtEnd);
            pages++;
        }

        return new TimeRange(events, after, isAtEnd, pages, scan, Stopwatch.GetElapsedTime(started));
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
