namespace K1s0.EventStore;

/// <summary>
/// Which events a replay goes through, always in the order of the feed. Every member that is set must hold. The end is
/// the settled bound of the moment when the replay starts: what is appended later is not part of it.
/// </summary>
public sealed record ReplaySelection
{
    /// <summary>Only events behind this position.</summary>
    /// <value>0 by default: from the first event on.</value>
    public Position After { get; init; }

    /// <summary>Only events up to this position.</summary>
    /// <value>null by default: up to the settled bound.</value>
    public Position? To { get; init; }

    /// <summary>Only events of this stream; they are read from the stream, not searched for in the feed.</summary>
    /// <value>null by default: all streams.</value>
    public StreamId? Stream { get; init; }

    /// <summary>
    /// Only events of these types, stream types, stream prefix and time window; the store looks for them.
    /// </summary>
    /// <value>null by default: all.</value>
    public FeedFilter? Filter { get; init; }

    /// <summary>
    /// Only events for which this is true. It is asked here and not in the store, so everything else that narrows the
    /// selection comes first.
    /// </summary>
    /// <value>null by default: all.</value>
    public Func<EventEnvelope, bool>? Where { get; init; }

    /// <summary>At most this many events; go on behind the place that was reached.</summary>
    /// <value>null by default: all; otherwise 1 or more.</value>
    public long? Limit
    {
        get;
        init
        {
            if (value is { } limit)
            {
                ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1, nameof(value));
            }

            field = value;
        }
    }

    /// <summary>The same selection from the event behind a place on.</summary>
    /// <param name="place">What an earlier replay has reached.</param>
    public ReplaySelection Behind(ReplayPlace place)
    {
        ArgumentNullException.ThrowIfNull(place);
        return this with { After = place.Offset };
    }
}
