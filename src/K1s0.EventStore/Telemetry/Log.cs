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
}
