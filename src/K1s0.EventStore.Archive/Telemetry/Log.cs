using Microsoft.Extensions.Logging;

namespace K1s0.EventStore.Archive.Telemetry;

/// <summary>What this package logs. Never payloads, never credentials.</summary>
internal static partial class Log
{
    [LoggerMessage(EventIds.ArchiverLeads, LogLevel.Information, "This process archives, with epoch {Epoch}",
        EventName = nameof(EventIds.ArchiverLeads))]
    public static partial void ArchiverLeads(this ILogger logger, long epoch);

    [LoggerMessage(EventIds.LeaseNotReleased, LogLevel.Debug,
        "The lease with epoch {Epoch} could not be released and runs out by itself",
        EventName = nameof(EventIds.LeaseNotReleased))]
    public static partial void LeaseNotReleased(this ILogger logger, long epoch, Exception reason);

    [LoggerMessage(EventIds.StepMade, LogLevel.Debug, "Up to position {Position} the archive is {State}",
        EventName = nameof(EventIds.StepMade))]
    public static partial void StepMade(this ILogger logger, ArchiveState state, long position);

    [LoggerMessage(EventIds.AttemptFailed, LogLevel.Warning,
        "Attempt {Attempt} to store the batch up to position {Position} came to nothing: {Reason}",
        EventName = nameof(EventIds.AttemptFailed))]
    public static partial void AttemptFailed(this ILogger logger, int attempt, long position, string reason);

    [LoggerMessage(EventIds.MonthPruned, LogLevel.Information,
        "Month {Month:yyyy-MM} with {Events} events left the database; up to position {Position} events are read from "
        + "the archive",
        EventName = nameof(EventIds.MonthPruned))]
    public static partial void MonthPruned(this ILogger logger, DateTimeOffset month, long events, long position);

    [LoggerMessage(EventIds.MonthStays, LogLevel.Information, "Month {Month:yyyy-MM} stays in the database: {Reason}",
        EventName = nameof(EventIds.MonthStays))]
    public static partial void MonthStays(this ILogger logger, DateTimeOffset month, string reason);

    [LoggerMessage(EventIds.ArchivingFailed, LogLevel.Error, "Archiving failed and will be tried again in {Delay}",
        EventName = nameof(EventIds.ArchivingFailed))]
    public static partial void ArchivingFailed(this ILogger logger, TimeSpan delay, Exception reason);

    [LoggerMessage(EventIds.BatchReplaced, LogLevel.Warning,
        "Batch {Damaged} cannot be read back ({Reason}); {Key} was made of the database's events in its place",
        EventName = nameof(EventIds.BatchReplaced))]
    public static partial void BatchReplaced(this ILogger logger, string damaged, string reason, string key);
}
