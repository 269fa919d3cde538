namespace K1s0.EventStore.Archive;

/// <summary>How urgent a restore is; faster is dearer.</summary>
public enum RestorePriority
{
    /// <summary>Hours: up to 5 from the flexible archive, up to 12 from the deep one.</summary>
    Standard = 0,

    /// <summary>Half a day to two days, the cheapest.</summary>
    Bulk = 1,

    /// <summary>Minutes; the deep archive does not have it.</summary>
    Expedited = 2,
}
