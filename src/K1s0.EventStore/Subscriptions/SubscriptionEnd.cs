namespace K1s0.EventStore;

/// <summary>Where a subscription ends.</summary>
public readonly record struct SubscriptionEnd
{
    private readonly Position? _last;

    private SubscriptionEnd(Position last) => _last = last;

    /// <summary>It follows the feed until it is stopped. Also the default value.</summary>
    public static SubscriptionEnd Never => default;

    /// <summary>At the settled bound of the moment when it starts to run: one batch.</summary>
    public static SubscriptionEnd SettledBound => new(new Position(long.MaxValue));

    /// <summary>
    /// Behind this position, or at the settled bound of the moment when it starts to run, whichever comes first.
    /// </summary>
    /// <param name="last">The last position that is handed over.</param>
    public static SubscriptionEnd At(Position last) => new(last);

    internal async Task<Position?> FindAsync(IFeedReader feed, CancellationToken cancellationToken)
    {
        if (_last is not { } last)
        {
            return null;
        }

        var bound = await feed.GetSettledBoundAsync(cancellationToken).ConfigureAwait(false);
        return last < bound ? last : bound;
    }
}
