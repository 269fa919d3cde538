using Microsoft.Extensions.Logging;

namespace K1s0.EventStore.Postgres.Telemetry;

/// <summary>What this package logs. Never payloads, never credentials.</summary>
internal static partial class Log
{
    [LoggerMessage(EventIds.AppendRepeated, LogLevel.Warning, "An append failed and is repeated ({Attempt} of "
        + "{MaxRetries})",
        EventName = nameof(EventIds.AppendRepeated))]
    public static partial void AppendRepeated(this ILogger logger, int attempt, int maxRetries, Exception reason);

    [LoggerMessage(EventIds.SchemaReady, LogLevel.Information, "Event store schema {Schema} is at version {Version}",
        EventName = nameof(EventIds.SchemaReady))]
    public static partial void SchemaReady(this ILogger logger, string schema, int version);

    [LoggerMessage(EventIds.PartitionsReady, LogLevel.Debug, "Event store schema {Schema} has partitions until {Until}",
        EventName = nameof(EventIds.PartitionsReady))]
    public static partial void PartitionsReady(this ILogger logger, string schema, DateTimeOffset until);

    [LoggerMessage(EventIds.UpkeepFailed, LogLevel.Warning, "Upkeep of event store schema {Schema} failed and will "
        + "be tried again",
        EventName = nameof(EventIds.UpkeepFailed))]
    public static partial void UpkeepFailed(this ILogger logger, string schema, Exception reason);

    [LoggerMessage(EventIds.RebuildStarted, LogLevel.Information,
        "Projection {Projection} is rebuilt by {Lanes} lanes from position {Position}",
        EventName = nameof(EventIds.RebuildStarted))]
    public static partial void RebuildStarted(this ILogger logger, string projection, int lanes, Position position);

    [LoggerMessage(EventIds.RebuildEnded, LogLevel.Information,
        "Projection {Projection} was rebuilt from {Events} events; its new tables are in use from position {Position}",
        EventName = nameof(EventIds.RebuildEnded))]
    public static partial void RebuildEnded(this ILogger logger, string projection, long events, Position position);

    [LoggerMessage(EventIds.DoorbellListens, LogLevel.Information, "Live subscriptions are told of appends",
        EventName = nameof(EventIds.DoorbellListens))]
    public static partial void DoorbellListens(this ILogger logger);

    [LoggerMessage(EventIds.DoorbellLost, LogLevel.Warning,
        "Live subscriptions are not told of appends and ask more often; listening is tried again in {Delay}",
        EventName = nameof(EventIds.DoorbellLost))]
    public static partial void DoorbellLost(this ILogger logger, TimeSpan delay, Exception reason);

    [LoggerMessage(EventIds.DoorbellBehindPooler, LogLevel.Warning,
        "There is a pooler in front of PostgreSQL, so nothing can be listened to: live subscriptions ask more often. "
            + "Set DoorbellConnectionString to a way past it, or UseDoorbell to false",
        EventName = nameof(EventIds.DoorbellBehindPooler))]
    public static partial void DoorbellBehindPooler(this ILogger logger);

    [LoggerMessage(EventIds.DoorbellNotRung, LogLevel.Warning,
        "Other processes could not be told of appends and find them a little later",
        EventName = nameof(EventIds.DoorbellNotRung))]
    public static partial void DoorbellNotRung(this ILogger logger, Exception reason);

    [LoggerMessage(EventIds.DoorbellNotLeft, LogLevel.Debug, "The connection of the doorbell broke as it was left",
        EventName = nameof(EventIds.DoorbellNotLeft))]
    public static partial void DoorbellNotLeft(this ILogger logger, Exception reason);
}
