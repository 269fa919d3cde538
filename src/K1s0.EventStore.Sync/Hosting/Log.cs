using Microsoft.Extensions.Logging;

namespace K1s0.EventStore.Sync.Telemetry;

/// <summary>What this package logs. Never payloads, never credentials.</summary>
internal static partial class Log
{
    [LoggerMessage(EventIds.NodeOpened, LogLevel.Information, "The node writes as {Origin}; its log is {Tail}",
        EventName = nameof(EventIds.NodeOpened))]
    public static partial void NodeOpened(this ILogger logger, Origin origin, TailStatus tail);

    [LoggerMessage(EventIds.NodeNotOpened, LogLevel.Error, "The node cannot be opened and is tried again in {Delay}",
        EventName = nameof(EventIds.NodeNotOpened))]
    public static partial void NodeNotOpened(this ILogger logger, TimeSpan delay, Exception reason);

    [LoggerMessage(EventIds.Listening, LogLevel.Information, "Peers are answered on {Endpoint}",
        EventName = nameof(EventIds.Listening))]
    public static partial void Listening(this ILogger logger, System.Net.EndPoint endpoint);

    [LoggerMessage(EventIds.PeerReached, LogLevel.Information, "Peer {Peer} can be reached",
        EventName = nameof(EventIds.PeerReached))]
    public static partial void PeerReached(this ILogger logger, string peer);

    [LoggerMessage(EventIds.PeerUnreachable, LogLevel.Warning,
        "Peer {Peer} cannot be synchronised with ({Reason}): {Detail}",
        EventName = nameof(EventIds.PeerUnreachable))]
    public static partial void PeerUnreachable(this ILogger logger, string peer, SyncEndReason reason, string detail);

    [LoggerMessage(EventIds.SessionEnded, LogLevel.Debug,
        "A session with {Peer} ended as {Reason}: {Sent} events out, {Received} in",
        EventName = nameof(EventIds.SessionEnded))]
    public static partial void SessionEnded(
        this ILogger logger, string peer, SyncEndReason reason, long sent, long received);

    [LoggerMessage(EventIds.EventsRefused, LogLevel.Warning, "{Count} events of {Peer} were not taken: {Reason}",
        EventName = nameof(EventIds.EventsRefused))]
    public static partial void EventsRefused(this ILogger logger, long count, string peer, Admission reason);

    [LoggerMessage(EventIds.LogsForked, LogLevel.Error,
        "Of {Count} logs {Peer} holds another version, the first of {Origin}: nothing of them moves",
        EventName = nameof(EventIds.LogsForked))]
    public static partial void LogsForked(this ILogger logger, int count, string peer, Origin origin);

    [LoggerMessage(EventIds.SessionFailed, LogLevel.Error, "A session with {Peer} failed on this side",
        EventName = nameof(EventIds.SessionFailed))]
    public static partial void SessionFailed(this ILogger logger, string peer, Exception reason);

    [LoggerMessage(EventIds.MemberLost, LogLevel.Information, "Member {Address} cannot be reached by anybody",
        EventName = nameof(EventIds.MemberLost))]
    public static partial void MemberLost(this ILogger logger, string address);

    [LoggerMessage(EventIds.MemberFound, LogLevel.Information, "Member {Address} can be reached again",
        EventName = nameof(EventIds.MemberFound))]
    public static partial void MemberFound(this ILogger logger, string address);

    [LoggerMessage(EventIds.MemberNotReached, LogLevel.Debug, "Member {Address} was not reached",
        EventName = nameof(EventIds.MemberNotReached))]
    public static partial void MemberNotReached(this ILogger logger, string address, Exception reason);
}
