namespace K1s0.EventStore.Archive;

/// <summary>How near at hand a batch lies.</summary>
public enum ArchiveTier
{
    /// <summary>As it was archived.</summary>
    Hot = 0,

    /// <summary>Read at once, for a price.</summary>
    Warm = 1,

    /// <summary>Seldom read: for a higher price, or after a restore.</summary>
    Cold = 2,
}
