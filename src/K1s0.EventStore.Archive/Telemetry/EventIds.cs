namespace K1s0.EventStore.Archive.Telemetry;

/// <summary>Ids of log events: 2000 to 2049 are the archiver's. Retired ids are not used again.</summary>
internal static class EventIds
{
    public const int ArchiverLeads = 2000;
    public const int LeaseNotReleased = 2001;
    public const int StepMade = 2002;
    public const int AttemptFailed = 2003;
    public const int MonthPruned = 2004;
    public const int MonthStays = 2005;
    public const int ArchivingFailed = 2006;
    public const int BatchReplaced = 2007;
}
