namespace K1s0.EventStore.Archive;

/// <summary>What a run of the lifecycle would do, and what it would cost and save. Immutable.</summary>
/// <param name="Moves">The batches that move.</param>
/// <param name="Compactions">The groups of batches that become one each.</param>
/// <param name="Removals">The objects that nobody lists any more, and that go.</param>
/// <param name="Waiting">How many batches stay where they are although they are old enough: it would cost more than
/// it saves, or they wait for neighbours to become one with.</param>
/// <param name="HotPartitions">Partitions that were written faster than the threshold.</param>
/// <param name="PlainPerMonth">What all events would cost uncompressed in the standard class, a month.</param>
/// <param name="BeforePerMonth">What storing the batches costs as they lie, a month.</param>
/// <param name="AfterPerMonth">What it costs when the moves are done.</param>
/// <param name="MoveCost">What the moves themselves cost, once.</param>
public sealed record LifecyclePlan(
    IReadOnlyList<LifecycleMove> Moves,
    IReadOnlyList<IReadOnlyList<ManifestBatch>> Compactions,
    IReadOnlyList<ObjectInfo> Removals,
    int Waiting,
    IReadOnlyList<PartitionLoad> HotPartitions,
    decimal PlainPerMonth,
    decimal BeforePerMonth,
    decimal AfterPerMonth,
    decimal MoveCost)
{
    /// <summary>
    /// The key of a damaged object below <c>lost/</c>, which names batches that are kept for good: nothing is removed
    /// before it is whole again. Null when nothing is in the way.
    /// </summary>
    public string? RemovalsWaitFor { get; init; }

    /// <summary>How much less it costs afterwards than uncompressed in the standard class, in percent.</summary>
    public decimal SavingPercent => PlainPerMonth == 0 ? 0 : 100 * (1 - (AfterPerMonth / PlainPerMonth));

    internal static LifecyclePlan Empty { get; } = new([], [], [], 0, [], 0, 0, 0, 0);
}
