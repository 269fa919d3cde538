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
}
