namespace K1s0.EventStore;

/// <summary>
/// Walks through the feed for one subscription: reads for itself until it has come to the end, then with the live feed,
/// and for itself again when it has fallen behind. Not thread-safe.
/// </summary>
internal sealed class FeedCursor(
    LiveFeed live, SubscriptionOptions options, TimeProvider timeProvider, Position after, Position? end)
{
    private Position _after = after;

    /// <summary>Whether all was read that there was when the store was last asked.</summary>
    public bool IsLive { get; private set; }

    /// <summary>The next stretch of the feed, as soon as there is one; null at the end.</summary>
    public async ValueTask<FeedStretch?> NextAsync(CancellationToken cancellationToken)
    {
        if (_after >= end)
        {
            return null;
        }

        var isFiltered = options.Filter is not null;
        var page = IsLive && end is null
            ? await live.NextAsync(_after, cancellationToken).ConfigureAwait(false)
            : null;
        var isComplete = page is not null || !isFiltered;
        page ??= await live.Feed.ReadFeedPageAsync(_after, options.Filter, options.PageSize, cancellationToken)
            .ConfigureAwait(false);
        if (page.SettledBound < _after)
        {
            await live.Feed.UntilAsync(_after, timeProvider, cancellationToken).ConfigureAwait(false);
        }

        IsLive = page.IsAtEnd;
        var readTo = page.ReadTo > end ? end.Value : page.ReadTo;
        var events = end is not null || (isComplete && isFiltered)
            ? [.. page.Events.Where(Wanted)]
            : page.Events;

        // Known without asking when the page holds every event up to there.
        var last = page.Events.LastOrDefault(envelope => envelope.Position <= readTo);
        _after = readTo;
        return new FeedStretch(
            events, new LowWaterMark(readTo, last?.Position == readTo ? last.ChainHash : default));

        bool Wanted(EventEnvelope envelope) =>
            envelope.Position <= readTo && options.Filter?.Matches(envelope) is not false;
    }
}
