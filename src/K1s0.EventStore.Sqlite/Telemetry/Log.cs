using Microsoft.Extensions.Logging;

namespace K1s0.EventStore.Sqlite.Telemetry;

/// <summary>What this package logs. Never payloads.</summary>
internal static partial class Log
{
    [LoggerMessage(EventIds.FileOpened, LogLevel.Information,
        "Event store file {Path} is open at schema version {Version}, durability {Durability}",
        EventName = nameof(EventIds.FileOpened))]
    public static partial void FileOpened(
        this ILogger logger, string path, int version, SqliteDurability durability);

    [LoggerMessage(EventIds.FileMigrated, LogLevel.Information,
        "Event store file {Path} was migrated from schema version {From} to {Version}",
        EventName = nameof(EventIds.FileMigrated))]
    public static partial void FileMigrated(this ILogger logger, string path, int from, int version);

    [LoggerMessage(EventIds.BatchRepeated, LogLevel.Warning,
        "A transaction of {Count} writes failed and is repeated write by write",
        EventName = nameof(EventIds.BatchRepeated))]
    public static partial void BatchRepeated(this ILogger logger, int count, Exception reason);

    [LoggerMessage(EventIds.CommitUnknown, LogLevel.Warning,
        "The commit of {Count} writes failed: their outcome is unknown until they are repeated",
        EventName = nameof(EventIds.CommitUnknown))]
    public static partial void CommitUnknown(this ILogger logger, int count, Exception reason);
}
