namespace K1s0.EventStore;

/// <summary>Where a subscription starts as long as it has no checkpoint.</summary>
public readonly record struct SubscriptionStart
{
    private readonly Position _after;
    private readonly DateTimeOffset? _time;
    private readonly bool _isEnd;

    private SubscriptionStart(Position after, DateTimeOffset? time, bool isEnd) =>
        (_after, _time, _isEnd) = (after, time, isEnd);

    /// <summary>At the first event. Also the default value.</summary>
    public static SubscriptionStart Beginning => default;

    /// <summary>Behind the settled bound of the moment when the subscription first runs.</summary>
    public static SubscriptionStart End => new(default, time: null, isEnd: true);

    /// <summary>Behind this position.</summary>
    /// <param name="position">The position of the last event that is not handed over.</param>
    public static SubscriptionStart After(Position position) => new(position, time: null, isEnd: false);

    /// <summary>
    /// At the first event of the feed that was recorded at this time or later; at the end when there is none.
    /// </summary>
    /// <param name="recordedFrom">The store's time.</param>
    public static SubscriptionStart At(DateTimeOffset recordedFrom) => new(default, recordedFrom, isEnd: false);

    internal async Task<Position> FindAsync(IFeedReader feed, CancellationToken cancellationToken)
    {
        if (_isEnd)
        {
            return await feed.GetSettledBoundAsync(cancellationToken).ConfigureAwait(false);
        }

        if (_time is not { } time)
        {
            return _after;
        }

        var (filter, after) = (new FeedFilter { RecordedFrom = time }, Position.Start);
        while (true)
        {
            // A page may end before the feed does, and hold nothing.
            var page = await feed.ReadFeedPageAsync(after, filter, maxCount: 1, cancellationToken)
                .ConfigureAwait(false);
            if (page.Events is [var first])
            {
                return new Position(first.Position.Value - 1);
            }

            if (page.IsAtEnd)
            {
                return page.ReadTo;
            }

            after = page.ReadTo;
        }
    }
}
