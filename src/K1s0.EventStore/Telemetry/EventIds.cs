namespace K1s0.EventStore.Telemetry;

/// <summary>Ids of log events: 1000 to 1099 are this package's. Retired ids are not used again.</summary>
internal static class EventIds
{
    public const int SealerLeads = 1050;
    public const int SealerLost = 1051;
    public const int SealerFailed = 1052;
    public const int LogDiverged = 1053;
    public const int LogPublished = 1054;
}
