namespace K1s0.EventStore.Telemetry;

/// <summary>Ids of log events: 1000 to 1099 are this package's. Retired ids are not used again.</summary>
internal static class EventIds
{
    public const int SubscriptionStarted = 1000;
    public const int SubscriptionEnded = 1001;
    public const int SubscriptionRestarts = 1002;
    public const int SubscriptionFailed = 1003;
    public const int EventRetried = 1004;
    public const int EventSkipped = 1005;
    public const int EventParked = 1006;
    public const int KeyStopped = 1007;
    public const int LastCheckpointLost = 1008;
    public const int SealerLeads = 1050;
    public const int SealerLost = 1051;
    public const int SealerFailed = 1052;
    public const int LogDiverged = 1053;
    public const int LogPublished = 1054;
    public const int StoreVerified = 1055;
    public const int StoreTampered = 1056;
    public const int FindingMade = 1057;
    public const int VerificationFailed = 1058;
    public const int SubscriptionStandsBy = 1060;
    public const int SubscriptionLost = 1061;
    public const int LeaseNotRenewed = 1062;
    public const int LeaseNotReleased = 1063;
    public const int SnapshotTooLarge = 1064;
    public const int SnapshotFailed = 1080;
    public const int SnapshotUnreadable = 1081;
    public const int SnapshotIgnored = 1082;
}
