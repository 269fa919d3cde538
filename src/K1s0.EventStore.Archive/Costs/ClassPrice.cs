namespace K1s0.EventStore.Archive;

/// <summary>What a storage class costs. Amounts are in the currency of the table.</summary>
public sealed record ClassPrice
{
    /// <summary>A gigabyte (2^30 bytes) for a month.</summary>
    public required decimal StoragePerGbMonth { get; init; }

    /// <summary>A thousand puts.</summary>
    public required decimal PutPer1000 { get; init; }

    /// <summary>A thousand gets, whole or ranged.</summary>
    public required decimal GetPer1000 { get; init; }

    /// <summary>A thousand moves into this class.</summary>
    public required decimal MoveHerePer1000 { get; init; }

    /// <summary>
    /// A gigabyte read, by the priority of the restore; a class that is read at once has it for
    /// <see cref="RestorePriority.Standard"/>.
    /// </summary>
    public required IReadOnlyDictionary<RestorePriority, decimal> RetrievalPerGb { get; init; }

    /// <summary>A thousand restores, by their priority; empty when none are needed.</summary>
    public required IReadOnlyDictionary<RestorePriority, decimal> RestorePer1000 { get; init; }

    /// <summary>How many days are charged at least, also for what is removed or moved before.</summary>
    public required int MinimumDays { get; init; }

    /// <summary>The size that is charged at least for an object, in bytes.</summary>
    public required long MinimumObjectBytes { get; init; }

    /// <summary>Bytes that are charged for each object besides its own, at the price of this class.</summary>
    public required long OverheadBytes { get; init; }

    /// <summary>Bytes that are charged for each object besides its own, at the price of the standard class.</summary>
    public required long OverheadBytesInStandard { get; init; }
}
