using Microsoft.Extensions.Logging;

namespace K1s0.EventStore.Telemetry;

/// <summary>What this package logs. Never payloads, never credentials.</summary>
internal static partial class Log
{
    [LoggerMessage(EventIds.SubscriptionStarted, LogLevel.Information,
        "Subscription {Subscription} runs from position {Position}, owner epoch {Epoch}",
        EventName = nameof(EventIds.SubscriptionStarted))]
    public static partial void SubscriptionStarted(
        this ILogger logger, string subscription, Position position, long epoch);

    [LoggerMessage(EventIds.SubscriptionEnded, LogLevel.Information,
        "Subscription {Subscription} ended at position {Position}",
        EventName = nameof(EventIds.SubscriptionEnded))]
    public static partial void SubscriptionEnded(this ILogger logger, string subscription, Position position);

    [LoggerMessage(EventIds.SubscriptionRestarts, LogLevel.Warning,
        "The loop of subscription {Subscription} died and runs again in {Delay} (time {Restarts})",
        EventName = nameof(EventIds.SubscriptionRestarts))]
    public static partial void SubscriptionRestarts(
        this ILogger logger, string subscription, TimeSpan delay, long restarts, Exception reason);

    [LoggerMessage(EventIds.SubscriptionFailed, LogLevel.Error,
        "Subscription {Subscription} ended for good at position {Position}",
        EventName = nameof(EventIds.SubscriptionFailed))]
    public static partial void SubscriptionFailed(
        this ILogger logger, string subscription, Position position, Exception reason);

    [LoggerMessage(EventIds.EventRetried, LogLevel.Warning,
        "Subscription {Subscription} failed at {Event} and tries again in {Delay} ({Attempt} of {MaxAttempts})",
        EventName = nameof(EventIds.EventRetried))]
    public static partial void EventRetried(
        this ILogger logger,
        string subscription,
        EventEnvelope @event,
        TimeSpan delay,
        int attempt,
        int maxAttempts,
        Exception reason);

    [LoggerMessage(EventIds.EventSkipped, LogLevel.Error,
        "Subscription {Subscription} passes over {Event} after {Attempts} attempts",
        EventName = nameof(EventIds.EventSkipped))]
    public static partial void EventSkipped(
        this ILogger logger, string subscription, EventEnvelope @event, int attempts, Exception reason);

    [LoggerMessage(EventIds.EventParked, LogLevel.Error,
        "Subscription {Subscription} parks {Event} after {Attempts} attempts",
        EventName = nameof(EventIds.EventParked))]
    public static partial void EventParked(
        this ILogger logger, string subscription, EventEnvelope @event, int attempts, Exception? reason);

    [LoggerMessage(EventIds.KeyStopped, LogLevel.Error,
        "Subscription {Subscription} handles no event of its stream from {Event} on, after {Attempts} attempts",
        EventName = nameof(EventIds.KeyStopped))]
    public static partial void KeyStopped(
        this ILogger logger, string subscription, EventEnvelope @event, int attempts, Exception reason);

    [LoggerMessage(EventIds.LastCheckpointLost, LogLevel.Warning,
        "Subscription {Subscription} could not store its last checkpoint; what came behind the one before is handed "
            + "over again",
        EventName = nameof(EventIds.LastCheckpointLost))]
    public static partial void LastCheckpointLost(this ILogger logger, string subscription, Exception reason);
}
