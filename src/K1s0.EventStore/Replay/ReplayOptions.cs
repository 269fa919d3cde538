using System.ComponentModel.DataAnnotations;

namespace K1s0.EventStore;

/// <summary>How a replay works. Checked when it starts.</summary>
public sealed record ReplayOptions
{
    /// <summary>Whether only to count what would be handled: no handler is called, and no target is touched.</summary>
    /// <value>false by default.</value>
    public bool DryRun { get; init; }

    /// <summary>What a failed event does to the replay, once its attempts are used up.</summary>
    /// <value><see cref="ReplayFailureAction.Stop"/> by default.</value>
    public ReplayFailureAction OnFailure { get; init; }

    /// <summary>What the handlers' effects are kept in, as a whole.</summary>
    /// <value>null by default: effects stay as the handlers made them.</value>
    public IReplayTarget? Target { get; init; }

    /// <summary>
    /// Whether the content digest of each event is computed again before anybody sees the event. One that is not the
    /// stored digest makes a failure with an <see cref="EventCorruptedException"/>.
    /// </summary>
    /// <value>false by default.</value>
    public bool VerifyContent { get; init; }

    /// <summary>What a corrupted event does to the replay.</summary>
    /// <value><see cref="ReplayFailureAction.Stop"/> by default.</value>
    public ReplayFailureAction OnCorrupted { get; init; }

    /// <summary>How often a handler is tried, the first time included, unless it says otherwise.</summary>
    /// <value>3 by default; 1 to 1,000.</value>
    [Range(1, 1_000)]
    public int MaxAttempts { get; init; } = 3;

    /// <summary>
    /// The wait before the second attempt; each further wait is twice as long, at most <see cref="MaxRetryDelay"/>.
    /// Reading is repeated in the same way while the store cannot be reached.
    /// </summary>
    /// <value>100 milliseconds by default; 1 millisecond to 1 hour.</value>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>The longest wait between attempts.</summary>
    /// <value>30 seconds by default; 1 millisecond to 1 hour.</value>
    public TimeSpan MaxRetryDelay { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The most events in memory at one time: one page.</summary>
    /// <value>500 by default; 1 to 10,000.</value>
    [Range(1, FeedPage.MaxEvents)]
    public int PageSize { get; init; } = 500;

    /// <summary>
    /// How many events of a page are handled at the same time. Events of one stream come one after the other, in order.
    /// </summary>
    /// <value>1 by default, the order of the feed, and always with a target; 1 to 256.</value>
    [Range(1, 256)]
    public int Lanes { get; init; } = 1;

    /// <summary>How many failures the report describes; all are counted.</summary>
    /// <value>100 by default; 0 to 100,000.</value>
    [Range(0, 100_000)]
    public int MaxReportedFailures { get; init; } = 100;

    /// <summary>How many of the slowest steps the report names.</summary>
    /// <value>10 by default; 0 to 10,000.</value>
    [Range(0, 10_000)]
    public int SlowestSteps { get; init; } = 10;

    /// <summary>The least time between two reports of progress.</summary>
    /// <value>1 second by default; 1 millisecond to 1 hour.</value>
    public TimeSpan ProgressInterval { get; init; } = TimeSpan.FromSeconds(1);

    internal TimeSpan DelayAfter(int failures)
    {
        var delay = RetryDelay * Math.Pow(2, Math.Min(failures - 1, 30));
        return delay < MaxRetryDelay ? delay : MaxRetryDelay;
    }
}
