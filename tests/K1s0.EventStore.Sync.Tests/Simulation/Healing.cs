namespace K1s0.EventStore.Sync.Simulation;

/// <summary>What has to come true when nothing fails any more: everybody ends with the same.</summary>
internal sealed class Healing(World world, List<SimulatedNode> nodes, Action heal)
{
    public void Run()
    {
        CheckMerkle();
        CheckViews();
        heal();
        MeetAll();
        CheckViews();
        MeetAll();
        if (!world.Truth.HasForks)
        {
            CheckTails();
        }

        nodes.Where(node => node is { IsUp: true, Node.CanWrite: false }).ToList().ForEach(node => node.BeginIncarnation());
        nodes.ForEach(node => node.Write(Shop.Draw(world.Chance.Work, world.Chance.NextId(), node.Clock.GetUtcNow())));
        MeetAll();
        MeetAll();
        nodes.ForEach(node => node.Rebuild());
        if (world.Truth.HasForks && !RepairForks())
        {
            return;
        }

        CheckSame();
        CheckAnyOrder();
        CheckRepair();
        if (world.Chance.Work.Next(4) == 0 && new ForkMaking(world, nodes).Run() && RepairForks())
        {
            CheckSame();
            CheckAnyOrder();
        }
    }

    // False where several forks are entangled; then everybody stays with what it has.
    private bool RepairForks()
    {
        CheckForksAreReported();
        if (!new ForkRepair(world, nodes, MeetAll).Run())
        {
            return false;
        }

        CheckTails();
        return true;
    }

    // A replica that hears of everything in any order, and of some of it twice, delivers it once and causes first.
    private void CheckAnyOrder()
    {
        var known = new Dictionary<Origin, long>();
        var replica = new Replica(
            new ReplicaId(UInt128.MaxValue),
            new HybridClock(nodes[0].Clock),
            new ReplicaOptions { MaxWaitingEvents = 100_000, MaxWaitingBytes = 1 << 30 });
        var all = world.Truth.Events.Where(IsEverywhere).Select(one => one.Event).ToArray();
        var heard = all.Concat(all.Where(_ => world.Chance.Work.Next(4) == 0)).ToArray();
        world.Chance.Work.Shuffle(heard);
        var delivered = new List<DeliveredEvent>();
        foreach (var one in all.Where(one => one.Dot.Sequence == 1))
        {
            var forged = SyncEvent.Create(one.Dot, one.Time, one.Hash, one.Observed, one.Envelope);
            nodes[0].Check(
                replica.Admit(forged, delivered) is Admission.Forked, $"would take {one.Dot}, which builds on another log");
        }

        foreach (var one in heard)
        {
            replica.Admit(one, delivered);
        }

        foreach (var one in delivered)
        {
            var dot = one.Event.Dot;
            var isInOrder = known.GetValueOrDefault(dot.Origin) == dot.Sequence - 1;
            foreach (var cause in one.Context.Entries)
            {
                isInOrder &= known.GetValueOrDefault(cause.Origin) >= cause.Sequence;
            }

            nodes[0].Check(isInOrder, $"would be told of {dot} before its causes");
            known[dot.Origin] = dot.Sequence;
        }

        nodes[0].Check(
            replica.Clock.Equals(nodes[0].Known) && replica.WaitingEvents == 0,
            $"would not be told of everything: {replica.WaitingEvents} wait");
    }

    private List<SyncReport> MeetAll()
    {
        var reports = new List<SyncReport>();
        foreach (var one in nodes)
        {
            foreach (var other in nodes.Where(node => node.Number > one.Number))
            {
                var (caller, answerer) = world.Chance.Network.Next(2) == 0 ? (one, other) : (other, one);
                var connection = world.Connect(caller, answerer);
                world.Schedule.RunAll(maxSteps: 100_000);
                reports.Add(connection.Report ?? throw new SimulationFailedException($"{connection.Name} came to no end."));
                reports.Add(connection.AnswererReport ?? throw new SimulationFailedException($"{connection.Name} came to no end there."));
            }
        }

        return reports;
    }

    // A log that everybody agrees on is confirmed by now.
    private void CheckTails() => nodes.ForEach(node => node.Check(
        node.Node!.Tail is not (TailStatus.Unwitnessed or TailStatus.Forked) || node.Node.Clock[node.Node.Self] == 0,
        $"is {node.Node!.Tail} after it has met everybody"));

    private void CheckForksAreReported()
    {
        var forks = MeetAll().SelectMany(report => report.Forks).ToHashSet();
        foreach (var node in nodes.Skip(1))
        {
            var differing = nodes[0].Stored().Where(
                entry => node.Stored().TryGetValue(entry.Key, out var hash) && hash != entry.Value);
            foreach (var (dot, _) in differing)
            {
                node.Check(forks.Contains(dot.Origin), $"has another {dot} than node 0, and nobody has reported it");
            }
        }
    }

    private void CheckSame()
    {
        var first = nodes[0];
        foreach (var node in nodes)
        {
            node.Check(node.Known.Equals(first.Known), $"ends with {node.Known}, node 0 with {first.Known}");
            node.Check(
                node.Stored().OrderBy(entry => entry.Key, Shop.Dots).SequenceEqual(first.Stored().OrderBy(entry => entry.Key, Shop.Dots)),
                "ends with other events than node 0");
        }

        CheckViews();
        if (MeetAll().Find(report => report.Mode is not SyncMode.InSync) is { } report)
        {
            throw new SimulationFailedException($"everybody has the same, and a round says {report.Mode}.");
        }
    }

    // Everybody has the same, so that digests are equal, and what rots now comes back all the same.
    private void CheckRepair()
    {
        if (!world.Scenario.HasRot)
        {
            return;
        }

        var node = nodes[world.Chance.Rot.Next(nodes.Count)];
        node.Rot(world.Chance.Rot);
        node.Scrub();
        MeetAll();
        node.Check(node.Disk.Rotten.Count == 0, "keeps damage that everybody else could repair");
        node.Rebuild();
    }

    // Whatever a node has seen so far, its view is what the definitions say.
    private void CheckViews()
    {
        var shown = new Dictionary<VectorClock, string>();
        foreach (var node in nodes.Where(node => node.IsUp && !world.Truth.HasForks))
        {
            if (!shown.TryGetValue(node.Known, out var expected))
            {
                expected = Oracle.Show([.. world.Truth.Events.Where(one => node.Known.Covers(one.Event.Dot))]);
                shown.Add(node.Known, expected);
            }

            var actual = Shop.Show(node.View);
            node.Check(string.Equals(actual, expected, StringComparison.Ordinal), $"shows\n{actual}and not\n{expected}");
        }
    }

    // What a machine lost that was restored from a backup, before anybody heard of it, is gone.
    private bool IsEverywhere(DeliveredEvent one) => nodes[0].Known.Covers(one.Event.Dot);

    // In the middle of everything, the comparison of sets finds exactly what differs.
    private void CheckMerkle()
    {
        var (left, right) = (nodes[0].Stored(), nodes[^1].Stored());
        var found = MerkleDiff.Between(Index(left), Index(right));
        nodes[0].Check(
            found.IsComplete
            && found.OnlyLocal.Select(item => item.Value).ToHashSet().SetEquals(left.Except(right).Select(entry => entry.Value))
            && found.OnlyRemote.Select(item => item.Value).ToHashSet().SetEquals(right.Except(left).Select(entry => entry.Value)),
            "finds other differences than there are");
    }

    private static MerkleIndex Index(Dictionary<Dot, Integrity.Sha256Digest> stored) => MerkleIndex.Build(
        stored.Select(entry => new MerkleItem(System.Text.Encoding.UTF8.GetBytes(entry.Key.ToString()), entry.Value)));
}
