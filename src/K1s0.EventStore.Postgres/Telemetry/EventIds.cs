namespace K1s0.EventStore.Postgres.Telemetry;

/// <summary>Ids of log events: 1100 to 1199 are this package's. Retired ids are not used again.</summary>
internal static class EventIds
{
    public const int AppendRepeated = 1100;
    public const int SchemaReady = 1101;
    public const int PartitionsReady = 1102;
    public const int UpkeepFailed = 1103;
    public const int RebuildStarted = 1110;
    public const int RebuildEnded = 1111;
    public const int DoorbellListens = 1160;
    public const int DoorbellLost = 1161;
    public const int DoorbellBehindPooler = 1162;
    public const int DoorbellNotRung = 1163;
    public const int DoorbellNotLeft = 1164;
}
