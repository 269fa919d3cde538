using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace K1s0.EventStore.Telemetry;

/// <summary>The names of what subscriptions measure. Durations are in seconds.</summary>
public static class SubscriptionTelemetry
{
    /// <summary>The name of the <see cref="Meter"/>.</summary>
    public const string SourceName = "K1s0.EventStore";

    /// <summary>
    /// Gauge, seconds: the age of the oldest event that is not handled, by <c>subscription</c>; of those that run.
    /// </summary>
    public const string Lag = "k1s0.eventstore.subscription.lag";

    /// <summary>
    /// Counter: events by <c>subscription</c> and <c>outcome</c>: <c>handled</c>, <c>skipped</c>, <c>parked</c> or
    /// <c>stopped</c>.
    /// </summary>
    public const string Events = "k1s0.eventstore.subscription.events";

    /// <summary>Counter: attempts that failed and were repeated, by <c>subscription</c>.</summary>
    public const string Retries = "k1s0.eventstore.subscription.retries";

    /// <summary>Counter: loops that died and ran again, by <c>subscription</c>.</summary>
    public const string Restarts = "k1s0.eventstore.subscription.restarts";

    private static readonly Meter Meter = new(SourceName);

    // The subscriptions that run, for the gauge.
    private static readonly ConcurrentDictionary<Subscription, string> Running = [];

    private static readonly Counter<long> EventCount = Meter.CreateCounter<long>(
        Events, "{event}", "Events that subscriptions are done with.");

    private static readonly Counter<long> RetryCount = Meter.CreateCounter<long>(
        Retries, "{attempt}", "Repeated attempts to handle an event.");

    private static readonly Counter<long> RestartCount = Meter.CreateCounter<long>(
        Restarts, "{restart}", "Loops that died and ran again.");

    static SubscriptionTelemetry() =>
        Meter.CreateObservableGauge(
            Lag,
            static () => Running.Select(running => new Measurement<double>(
                running.Key.GetStatus().Lag.TotalSeconds, Tag("subscription", running.Value))),
            "s",
            "Age of the oldest event that is not handled.");

    internal static void Begin(Subscription subscription) => Running.TryAdd(subscription, subscription.Name);

    internal static void End(Subscription subscription) => Running.TryRemove(subscription, out _);

    internal static void CountEvent(string subscription, string outcome) =>
        EventCount.Add(1, Tag("subscription", subscription), Tag("outcome", outcome));

    internal static void CountRetry(string subscription) => RetryCount.Add(1, Tag("subscription", subscription));

    internal static void CountRestart(string subscription) => RestartCount.Add(1, Tag("subscription", subscription));

    private static KeyValuePair<string, object?> Tag(string name, string value) => new(name, value);
}
