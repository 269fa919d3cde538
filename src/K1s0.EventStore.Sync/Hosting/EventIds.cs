namespace K1s0.EventStore.Sync.Telemetry;

/// <summary>Ids of log events: 3000 to 3099 are this package's. Retired ids are not used again.</summary>
internal static class EventIds
{
    public const int NodeOpened = 3000;
    public const int NodeNotOpened = 3001;
    public const int Listening = 3002;
    public const int PeerReached = 3003;
    public const int PeerUnreachable = 3004;
    public const int SessionEnded = 3005;
    public const int EventsRefused = 3006;
    public const int LogsForked = 3007;
    public const int SessionFailed = 3008;
    public const int MemberLost = 3010;
    public const int MemberFound = 3011;
    public const int MemberNotReached = 3012;
}
