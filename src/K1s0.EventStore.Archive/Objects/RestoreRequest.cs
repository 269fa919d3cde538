namespace K1s0.EventStore.Archive;

/// <summary>How urgent a restore is, and for how long the copy is needed.</summary>
public sealed record RestoreRequest
{
    internal const int MaxDays = 365;

    /// <summary>A request.</summary>
    /// <param name="priority">How urgent.</param>
    /// <param name="days">How long the restored copy is kept: 1 to 365 days.</param>
    /// <exception cref="ArgumentOutOfRangeException">The days are out of range.</exception>
    public RestoreRequest(RestorePriority priority = RestorePriority.Standard, int days = 7)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(days, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(days, MaxDays);
        (Priority, Days) = (priority, days);
    }

    /// <summary>How urgent.</summary>
    public RestorePriority Priority { get; }

    /// <summary>How long the restored copy is kept, in days.</summary>
    public int Days { get; }

    /// <summary>How long a restore takes in the worst case, as the providers document it.</summary>
    /// <param name="storageClass">Where the object lies.</param>
    /// <param name="priority">How urgent it is.</param>
    /// <returns>Zero for what is read at once; null when there is no such restore.</returns>
    public static TimeSpan? Estimate(StorageClass storageClass, RestorePriority priority) =>
        (storageClass, priority) switch
        {
            (StorageClass.FlexibleArchive, RestorePriority.Expedited) => TimeSpan.FromMinutes(5),
            (StorageClass.FlexibleArchive, RestorePriority.Standard) => TimeSpan.FromHours(5),
            (StorageClass.FlexibleArchive, RestorePriority.Bulk) => TimeSpan.FromHours(12),
            (StorageClass.DeepArchive, RestorePriority.Standard) => TimeSpan.FromHours(12),
            (StorageClass.DeepArchive, RestorePriority.Bulk) => TimeSpan.FromHours(48),
            (StorageClass.DeepArchive, _) => null,
            _ => TimeSpan.Zero,
        };
}
