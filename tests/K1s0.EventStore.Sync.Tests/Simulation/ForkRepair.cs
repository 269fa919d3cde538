namespace K1s0.EventStore.Sync.Simulation;

/// <summary>
/// What an operator does about forks: has every node give up what loses, and meet again, until nobody reports a fork any
/// more. From then on there is one history, and nothing that was given up is lost.
/// </summary>
internal sealed class ForkRepair(World world, List<SimulatedNode> nodes, Func<List<SyncReport>> meetAll)
{
    // With more forks than nodes one adoption may have to wait for another.
    private const int MaxRounds = 24;

    /// <summary>Runs until everybody has the same; false when the branches are entangled.</summary>
    public bool Run()
    {
        var stood = nodes.ToDictionary(node => node, node => node.Stored());
        for (var round = 0; ; round++)
        {
            var reports = meetAll();
            var forks = reports.SelectMany(report => report.Forks).ToHashSet();
            if (forks.Count == 0)
            {
                break;
            }

            if (round == MaxRounds)
            {
                return reports.Exists(report => report.BranchesKept.Values.Contains(BranchRefusal.Entangled))
                    ? false
                    : throw new SimulationFailedException($"{string.Join(", ", forks)} stay forked: {Kept(reports)}.");
            }

            nodes.ForEach(node => Adopt(node, forks));
        }

        nodes.ForEach(node => CheckGivenUp(node, stood[node]));
        world.Truth.Settle(Immediately.All(nodes[0].Node!.ReadHistoryAsync()));
        nodes.ForEach(node => node.Rebuild());
        meetAll();
        return true;
    }

    private static void Adopt(SimulatedNode node, HashSet<Origin> forks)
    {
        if (forks.Contains(node.Node!.Self))
        {
            node.BeginIncarnation();
        }

        foreach (var origin in forks.Where(origin => origin != node.Node.Self))
        {
            node.Node.Branches.Adopt(origin);
        }
    }

    // What stood in the store and is no part of the history any more was set aside.
    private static void CheckGivenUp(SimulatedNode node, Dictionary<Dot, Integrity.Sha256Digest> stood)
    {
        var now = node.Stored();
        var givenUp = Immediately.All(node.Node!.Branches.ReadGivenUpAsync()).Select(one => (one.Dot, one.Hash)).ToHashSet();
        foreach (var (dot, hash) in stood)
        {
            node.Check(
                now.GetValueOrDefault(dot) == hash || givenUp.Contains((dot, hash)),
                $"had {dot}, and neither has it nor has set it aside");
        }
    }

    private static string Kept(List<SyncReport> reports) =>
        string.Join(", ", reports.SelectMany(report => report.BranchesKept).Select(kept => $"{kept.Key} {kept.Value}").Distinct(StringComparer.Ordinal));
}
