using System.ComponentModel.DataAnnotations;

namespace K1s0.EventStore;

/// <summary>How a process reads new events for all of its live subscriptions.</summary>
public sealed class LiveFeedOptions
{
    /// <summary>
    /// How often the store is asked for new events while somebody waits for them. <see cref="LiveFeed.Ring"/> asks at
    /// once.
    /// </summary>
    /// <value>20 milliseconds by default; 1 millisecond to 1 hour.</value>
    public TimeSpan PollInterval { get; set; } = TimeSpan.FromMilliseconds(20);

    /// <summary>
    /// How often the store is asked while <see cref="LiveFeed.HasDoorbell"/> is set and nobody has rung for a second.
    /// An event that is not rung for waits that long.
    /// </summary>
    /// <value>
    /// 500 milliseconds by default; 1 millisecond to 1 hour; never less than <see cref="PollInterval"/>.
    /// </value>
    public TimeSpan RestingPollInterval { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>The most events a page.</summary>
    /// <value>1,000 by default; 1 to 10,000.</value>
    [Range(1, FeedPage.MaxEvents)]
    public int PageSize { get; set; } = 1_000;

    /// <summary>
    /// How many events are kept for subscriptions that are a little behind; one that is further behind reads for
    /// itself until it has caught up.
    /// </summary>
    /// <value>10,000 by default; 1 to 1,000,000.</value>
    [Range(1, 1_000_000)]
    public int BufferedEvents { get; set; } = 10_000;
}
