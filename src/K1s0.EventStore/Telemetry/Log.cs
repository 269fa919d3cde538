using Microsoft.Extensions.Logging;

namespace K1s0.EventStore.Telemetry;

/// <summary>What this package logs. Never payloads, never credentials.</summary>
internal static partial class Log
{
    [LoggerMessage(EventIds.SealerLeads, LogLevel.Information,
        "This process seals the log {Origin}, with epoch {Epoch}",
        EventName = nameof(EventIds.SealerLeads))]
    public static partial void SealerLeads(this ILogger logger, string origin, long epoch);

    [LoggerMessage(EventIds.SealerLost, LogLevel.Information,
        "This process does not seal the log {Origin} any more: epoch {Epoch} does not count",
        EventName = nameof(EventIds.SealerLost))]
    public static partial void SealerLost(this ILogger logger, string origin, long epoch);

    [LoggerMessage(EventIds.SealerFailed, LogLevel.Warning,
        "To {Step} the log {Origin} failed and will be tried again",
        EventName = nameof(EventIds.SealerFailed))]
    public static partial void SealerFailed(this ILogger logger, string step, string origin, Exception reason);

    [LoggerMessage(EventIds.LogDiverged, LogLevel.Error,
        "The store does not continue the log {Origin}: it is neither sealed nor signed nor published",
        EventName = nameof(EventIds.LogDiverged))]
    public static partial void LogDiverged(this ILogger logger, string origin, Exception reason);

    [LoggerMessage(EventIds.LogPublished, LogLevel.Debug, "The log {Origin} is published with {Size} leaves",
        EventName = nameof(EventIds.LogPublished))]
    public static partial void LogPublished(this ILogger logger, string origin, long size);

    [LoggerMessage(EventIds.StoreVerified, LogLevel.Information, "The store {Store} was verified: {Verification}",
        EventName = nameof(EventIds.StoreVerified))]
    public static partial void StoreVerified(this ILogger logger, string store, StoreVerification verification);

    [LoggerMessage(EventIds.StoreTampered, LogLevel.Error, "The store {Store} is not as it was: {Verification}",
        EventName = nameof(EventIds.StoreTampered))]
    public static partial void StoreTampered(this ILogger logger, string store, StoreVerification verification);

    [LoggerMessage(EventIds.FindingMade, LogLevel.Error, "In the store {Store}: {Finding}",
        EventName = nameof(EventIds.FindingMade))]
    public static partial void FindingMade(this ILogger logger, string store, StoreFinding finding);

    [LoggerMessage(EventIds.VerificationFailed, LogLevel.Warning,
        "The store {Store} could not be verified, which will be tried again",
        EventName = nameof(EventIds.VerificationFailed))]
    public static partial void VerificationFailed(this ILogger logger, string store, Exception reason);

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

    [LoggerMessage(EventIds.SubscriptionStandsBy, LogLevel.Information,
        "Subscription {Subscription} stands by: another process runs it",
        EventName = nameof(EventIds.SubscriptionStandsBy))]
    public static partial void SubscriptionStandsBy(this ILogger logger, string subscription);

    [LoggerMessage(EventIds.SubscriptionLost, LogLevel.Warning,
        "Subscription {Subscription} does not run here any more, and stands by",
        EventName = nameof(EventIds.SubscriptionLost))]
    public static partial void SubscriptionLost(this ILogger logger, string subscription, Exception reason);

    [LoggerMessage(EventIds.LeaseNotRenewed, LogLevel.Warning,
        "The lease of subscription {Subscription} could not be renewed and will be tried again until it runs out",
        EventName = nameof(EventIds.LeaseNotRenewed))]
    public static partial void LeaseNotRenewed(this ILogger logger, string subscription, Exception reason);

    [LoggerMessage(EventIds.LeaseNotReleased, LogLevel.Warning,
        "The lease of subscription {Subscription} could not be released: others wait until it runs out",
        EventName = nameof(EventIds.LeaseNotReleased))]
    public static partial void LeaseNotReleased(this ILogger logger, string subscription, Exception reason);

    [LoggerMessage(EventIds.SnapshotFailed, LogLevel.Warning,
        "The snapshot of {Stream} that was due could not be taken; its events are stored",
        EventName = nameof(EventIds.SnapshotFailed))]
    public static partial void SnapshotFailed(this ILogger logger, StreamId stream, Exception reason);

    [LoggerMessage(EventIds.SnapshotTooLarge, LogLevel.Warning,
        "The state of {Stream} has {Bytes} bytes, and a snapshot {MaxBytes} at most: no snapshot is taken until the "
        + "stream is twice as long",
        EventName = nameof(EventIds.SnapshotTooLarge))]
    public static partial void SnapshotTooLarge(this ILogger logger, StreamId stream, int bytes, int maxBytes);

    [LoggerMessage(EventIds.SnapshotUnreadable, LogLevel.Warning,
        "The snapshot of {Stream} cannot be read; its events are",
        EventName = nameof(EventIds.SnapshotUnreadable))]
    public static partial void SnapshotUnreadable(this ILogger logger, StreamId stream, Exception reason);

    [LoggerMessage(EventIds.SnapshotIgnored, LogLevel.Debug, "The snapshot of {Stream} is not used: {Reason}",
        EventName = nameof(EventIds.SnapshotIgnored))]
    public static partial void SnapshotIgnored(this ILogger logger, StreamId stream, string reason);
}
