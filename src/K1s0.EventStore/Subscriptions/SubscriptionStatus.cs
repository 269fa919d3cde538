namespace K1s0.EventStore;

/// <summary>How a subscription is doing, at one moment.</summary>
public sealed record SubscriptionStatus
{
    /// <summary>The name of the subscription.</summary>
    public required string Name { get; init; }

    /// <summary>What it is doing.</summary>
    public required SubscriptionState State { get; init; }

    /// <summary>
    /// The low-water mark: everything up to here was handled, skipped or parked. The stored checkpoint follows it.
    /// </summary>
    public required Position Position { get; init; }

    /// <summary>
    /// The age of the oldest event that is not handled. While nothing is known to wait: the time since the feed was
    /// last asked, or since the subscription had caught up, so that a reader that is cut off does not look well. 0
    /// while it stands by: who runs it tells.
    /// </summary>
    public required TimeSpan Lag { get; init; }

    /// <summary>Events that were handled since the subscription was made.</summary>
    public required long HandledEvents { get; init; }

    /// <summary>Attempts that failed and were repeated, since the subscription was made.</summary>
    public required long Retries { get; init; }

    /// <summary>Events that were passed over, since the subscription was made.</summary>
    public required long SkippedEvents { get; init; }

    /// <summary>Events that wait to be replayed.</summary>
    public required int ParkedEvents { get; init; }

    /// <summary>Streams whose events are not handled any more.</summary>
    public required IReadOnlyList<StoppedKey> StoppedKeys { get; init; }

    /// <summary>How often the loop died and ran again, since the subscription was made.</summary>
    public required long Restarts { get; init; }

    /// <summary>What the loop last died of; null when it runs, or ended as it should.</summary>
    public required Exception? Error { get; init; }
}
