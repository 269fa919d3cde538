namespace K1s0.EventStore.Archive;

/// <summary>The life of an object whose cost is to be modelled.</summary>
/// <param name="ObjectBytes">Its length as it is stored.</param>
/// <param name="ContentBytes">The bytes that it holds, before compression.</param>
/// <param name="Stages">Where it lies, in order; at least one.</param>
public sealed record ObjectLife(long ObjectBytes, long ContentBytes, IReadOnlyList<LifeStage> Stages)
{
    /// <summary>How many objects were put first, and read and made into this one; 0 for none.</summary>
    public int CompactedFrom { get; init; }

    /// <summary>How often a year all of it is read, with the cheapest restore there is.</summary>
    /// <value>1 by default: one audit.</value>
    public decimal ReadsPerYear { get; init; } = 1;
}
