namespace K1s0.EventStore.Conformance;

/// <summary>What the suites about subscriptions share.</summary>
public abstract class SubscriptionTestBase : ConformanceSuite
{
    // Real time, short waits: nothing is asserted about how long anything takes.
    private static readonly LiveFeedOptions FastPolls = new() { PollInterval = TimeSpan.FromMilliseconds(2) };

    private LiveFeed? _live;

    /// <summary>The name of this test's subscription.</summary>
    protected string Name => $"subscription-{TestKey}";

    /// <summary>The reader that this test's subscriptions share.</summary>
    protected LiveFeed Live => _live ??= new LiveFeed(Feed, FastPolls);

    /// <summary>A subscription to this test's own events.</summary>
    protected Subscription Subscribe(
        ISubscriptionHandler handler, Action<SubscriptionOptions>? configure = null, string? name = null) =>
        new(name ?? Name, handler, Live, Checkpoints, Options(configure), Backend.Parked);

    /// <summary>A subscription that runs beside the test.</summary>
    protected RunningSubscription Start(
        ISubscriptionHandler handler, Action<SubscriptionOptions>? configure = null, string? name = null) =>
        new(Subscribe(handler, configure, name), Cancellation);

    /// <summary>Runs a subscription up to the settled bound.</summary>
    protected async Task<SubscriptionStatus> RunBatchAsync(
        ISubscriptionHandler handler, Action<SubscriptionOptions>? configure = null, string? name = null)
    {
        var subscription = Subscribe(
            handler,
            options =>
            {
                options.End = SubscriptionEnd.SettledBound;
                configure?.Invoke(options);
            },
            name);
        await subscription.RunAsync(Cancellation);
        return subscription.GetStatus();
    }

    /// <summary>Appends events to a new stream, and waits until the feed is final behind them.</summary>
    protected async Task<IReadOnlyList<EventEnvelope>> AppendedAsync(int count, StreamId? stream = null)
    {
        stream ??= NewStream();
        var result = await Store.AppendAsync(stream, SomeEvents(stream, count), cancellationToken: Cancellation);
        await SettledAsync(result.LastPosition);
        var events = await LoadAsync(stream);
        return [.. events.Skip(events.Count - count)];
    }

    protected SubscriptionOptions Options(Action<SubscriptionOptions>? configure = null)
    {
        var options = new SubscriptionOptions
        {
            Filter = OwnEvents,
            Start = SubscriptionStart.After(FeedStart),
            CheckpointInterval = TimeSpan.FromMilliseconds(1),
            RetryDelay = TimeSpan.FromMilliseconds(1),
            MaxRetryDelay = TimeSpan.FromMilliseconds(2),
            MaxAttempts = 3,
        };
        configure?.Invoke(options);
        return options;
    }

    protected static IEnumerable<Guid> Ids(IEnumerable<EventEnvelope> events) => events.Select(e => e.Id);
}
