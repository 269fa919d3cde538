namespace K1s0.EventStore.Sync.Simulation;

/// <summary>What may happen in a run.</summary>
internal sealed record Scenario(
    int Nodes,
    int Actions,
    bool HasCrashes,
    bool HasDiskErrors,
    bool HasRestores,
    bool HasClones,
    bool HasHostileWire,
    bool HasPartitions,
    bool UsesEventStore,
    int SkewMilliseconds,
    int MaxWaitingEvents,
    int BatchEvents,
    bool HasRot,
    bool HasGossip,
    bool HasSnapshots,
    bool FollowsLinks,
    bool HasSlowLinks)
{
    /// <summary>
    /// Where disks rot, processes do not die as well: a store whose end is rotten cannot be opened, and is made anew.
    /// </summary>
    public static Scenario Draw(Random random)
    {
        var drawn = DrawAny(random);
        return drawn is { HasRot: true, UsesEventStore: true }
            ? drawn with { HasCrashes = false }
            : drawn with { HasRot = false };
    }

    private static Scenario DrawAny(Random random) => new(
        Nodes: random.Next(2, 5),
        Actions: random.Next(40, 160),
        HasCrashes: random.Next(4) > 0,
        HasDiskErrors: random.Next(3) == 0,
        HasRestores: random.Next(6) == 0,
        HasClones: random.Next(5) == 0,
        HasHostileWire: random.Next(4) == 0,
        HasPartitions: random.Next(2) == 0,
        UsesEventStore: random.Next(4) == 0,
        SkewMilliseconds: random.Next(4) switch { 0 => 0, 1 => 2_000, 2 => 50_000, _ => 200_000 },
        MaxWaitingEvents: random.Next(3) == 0 ? 2 : 2_048,
        BatchEvents: random.Next(3) switch { 0 => 2, 1 => 9, _ => 1_000 },
        HasRot: random.Next(2) == 0,
        HasGossip: random.Next(4) == 0,
        HasSnapshots: random.Next(4) == 0,
        FollowsLinks: random.Next(2) == 0,
        HasSlowLinks: random.Next(8) == 0);
}
