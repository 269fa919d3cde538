using System.ComponentModel.DataAnnotations;

namespace K1s0.EventStore;

/// <summary>How a subscription works. Checked when the subscription is made or the application starts.</summary>
public sealed class SubscriptionOptions
{
    /// <summary>Which events are handed over; while catching up, the store filters.</summary>
    /// <value>null by default: all.</value>
    public FeedFilter? Filter { get; set; }

    /// <summary>Where to start as long as there is no checkpoint.</summary>
    /// <value><see cref="SubscriptionStart.Beginning"/> by default.</value>
    public SubscriptionStart Start { get; set; }

    /// <summary>Where to end.</summary>
    /// <value><see cref="SubscriptionEnd.Never"/> by default.</value>
    public SubscriptionEnd End { get; set; }

    /// <summary>
    /// How many events are handled at the same time. Events of one stream are always in the same lane, one after the
    /// other. An exactly-once subscription has one lane, whatever stands here.
    /// </summary>
    /// <value>1 by default; 1 to 256.</value>
    [Range(1, 256)]
    public int Lanes { get; set; } = 1;

    /// <summary>The most events a page while catching up.</summary>
    /// <value>1,000 by default; 1 to 10,000.</value>
    [Range(1, FeedPage.MaxEvents)]
    public int PageSize { get; set; } = 1_000;

    /// <summary>The most events that an exactly-once subscription handles in one transaction.</summary>
    /// <value>100 by default; 1 to 10,000.</value>
    [Range(1, FeedPage.MaxEvents)]
    public int BatchSize { get; set; } = 100;

    /// <summary>
    /// The most events between the oldest one that is not finished and the newest one that was handed to a lane. A
    /// slow handler makes its subscription wait here, and no other.
    /// </summary>
    /// <value>1,000 by default; 1 to 100,000.</value>
    [Range(1, 100_000)]
    public int MaxInFlight { get; set; } = 1_000;

    /// <summary>
    /// How often the checkpoint is stored: what was handled since then is handed over again after a crash. It is stored
    /// at the end and at a stop too.
    /// </summary>
    /// <value>1 second by default; 1 millisecond to 1 hour.</value>
    public TimeSpan CheckpointInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How often an event is tried, the first time included, before it counts as failed.</summary>
    /// <value>5 by default; 1 to 1,000.</value>
    [Range(1, 1_000)]
    public int MaxAttempts { get; set; } = 5;

    /// <summary>
    /// The wait before the second attempt, and before the loop runs again after it died; each further wait is twice as
    /// long, at most <see cref="MaxRetryDelay"/>.
    /// </summary>
    /// <value>100 milliseconds by default; 1 millisecond to 1 hour.</value>
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>The longest wait between attempts.</summary>
    /// <value>30 seconds by default; 1 millisecond to 1 hour.</value>
    public TimeSpan MaxRetryDelay { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>What becomes of an event that failed at every attempt.</summary>
    /// <value>
    /// null by default: <see cref="FailureAction.StopKey"/>; for an exactly-once subscription, where that cannot be
    /// kept, <see cref="FailureAction.StopAll"/>.
    /// </value>
    public FailureAction? OnFailure { get; set; }

    /// <summary>How many streams may be stopped; one more, and the subscription ends.</summary>
    /// <value>100 by default; 0 to 100,000.</value>
    [Range(0, 100_000)]
    public int MaxStoppedKeys { get; set; } = 100;

    /// <summary>How many events may be parked; one more, and the subscription ends.</summary>
    /// <value>10,000 by default; 0 to 1,000,000.</value>
    [Range(0, 1_000_000)]
    public int MaxParkedEvents { get; set; } = 10_000;

    /// <summary>
    /// How long the lease lasts by which one of several processes runs the subscription. It is renewed after a third of
    /// the time; when its holder dies, another process takes over at most 7/6 of it later. Who stops in order releases
    /// it: then at most 1/6.
    /// </summary>
    /// <value>30 seconds by default; 1 second to 1 hour.</value>
    public TimeSpan LeaseDuration { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Who holds the lease and claims the checkpoint, for people to read: 1 to 255 bytes of UTF-8.</summary>
    /// <value>Machine name and process id by default.</value>
    [Required]
    public string Owner { get; set; } = $"{Environment.MachineName}:{Environment.ProcessId}";

    internal TimeSpan DelayAfter(int failures)
    {
        var delay = RetryDelay * Math.Pow(2, Math.Min(failures - 1, 30));
        return delay < MaxRetryDelay ? delay : MaxRetryDelay;
    }
}
