namespace K1s0.EventStore.Sqlite.Telemetry;

/// <summary>Ids of log events: 1200 to 1299 are this package's. Retired ids are not used again.</summary>
internal static class EventIds
{
    public const int FileOpened = 1200;
    public const int FileMigrated = 1201;
    public const int BatchRepeated = 1202;
    public const int CommitUnknown = 1203;
}
