using K1s0.EventStore.Sync.Snapshots;

namespace K1s0.EventStore.Sync.Simulation;

/// <summary>Who publishes and takes snapshots in a run, and what has to come of it.</summary>
internal sealed class SnapshotTraffic(World world, IReadOnlyList<SimulatedNode> nodes)
{
    private const string Name = "state";
    private const string Late = "late";

    private static readonly SnapshotEnd[] Usual =
    [
        SnapshotEnd.Installed, SnapshotEnd.AlreadyInstalled, SnapshotEnd.NothingGiven, SnapshotEnd.Older, SnapshotEnd.Cut,
    ];

    /// <summary>Something happens, or nothing.</summary>
    public void Act()
    {
        var random = world.Chance.Snapshots;
        var node = nodes[random.Next(nodes.Count)];
        switch (random.Next(20))
        {
            case < 3:
                world.Guard(node, () => Publish(node, Name));
                break;
            case < 7:
                var other = nodes[random.Next(nodes.Count)];
                if (CanReach(node, other))
                {
                    Take(node, other, Name);
                }

                break;
            case 7 when world.Scenario.HasDiskErrors || world.Scenario.HasCrashes:
                node.Snapshots.Arm(random);
                break;
            case 8:
                node.Snapshots.Rot(random);
                break;
            default:
                break;
        }
    }

    /// <summary>Nothing fails any more: who wants a snapshot gets it, at once and whole.</summary>
    public void Conclude()
    {
        foreach (var node in nodes)
        {
            node.Snapshots.Heal();
        }

        Publish(nodes[0], Late);
        foreach (var node in nodes.Skip(1))
        {
            Take(node, nodes[0], Late);
            world.Schedule.RunAll(maxSteps: 100_000);
            if (!world.Truth.HasForks)
            {
                node.Check(
                    node.Snapshots.RootOf(Late) == nodes[0].Snapshots.RootOf(Late), "does not get a snapshot that is given");
                node.Snapshots.CheckNothingIsLeft(Late);
            }
        }
    }

    private bool CanReach(SimulatedNode node, SimulatedNode other) =>
        other != node && node.IsUp && other.IsUp && !world.IsCut(node, other) && !node.Disk.IsGone && !other.Disk.IsGone;

    private void Publish(SimulatedNode node, string name)
    {
        if (!node.IsUp || node.Disk.IsGone || node.Snapshots.IsTaking)
        {
            return;
        }

        var (known, before) = (node.Known, node.Snapshots.DigestsOf(name));
        try
        {
            var manifest = Immediately.Get(node.Node!.Snapshots.PublishAsync(
                name, 1, () => SimulatedSnapshots.State(world.Truth, known)));
            node.Check(manifest.Clock.Equals(known), $"publishes {manifest}, knowing {known}");
            node.Snapshots.CheckNothingIsLeft(name, before);
        }
        catch (SimulatedDiskErrorException)
        {
            world.Trace.Add($"{node.Name} fails to publish");
            node.Snapshots.CheckNothingIsLeft(name, before);
        }
        catch (InvalidOperationException e)
        {
            // What is installed has events that are not here, because the disk was restored or the snapshot was taken.
            world.Trace.Add($"{node.Name} does not publish: {e.Message}");
            node.Check(
                world.Truth.HasForks || e.Message.EndsWith($"{SnapshotEnd.Older}.", StringComparison.Ordinal),
                $"does not publish: {e.Message}");
            node.Snapshots.CheckNothingIsLeft(name, before);
        }
    }

    private void Take(SimulatedNode node, SimulatedNode other, string name)
    {
        if (node.Snapshots.IsTaking)
        {
            return;
        }

        node.Snapshots.IsTaking = true;
        var life = node.Life;
        var wanted = new SnapshotRequest(name, 1, SnapshotLimits.MaxBytes);
        world.Connect(node, other, new SessionWish(null, Snapshot: wanted, Ended: connection =>
        {
            node.Snapshots.IsTaking &= node.Life != life;
            Check(node, connection.Snapshot!);
        }));
    }

    private void Check(SimulatedNode node, SnapshotReport report)
    {
        world.Trace.Add($"{node.Name} takes a snapshot: {report.End}, {report.ChunksKept} kept, {report.ChunksReceived} came");
        node.Check(
            Usual.Contains(report.End) || world.Truth.HasForks
                || (report.End is SnapshotEnd.StoreDamaged && node.Snapshots.HasDamage),
            $"takes a snapshot that ends as {report.End}");
        node.Check(
            report.End is not SnapshotEnd.Installed || node.Snapshots.RootOf(report.Manifest!.Name) == report.Manifest.Root,
            "says that a snapshot is installed, and another is");
    }
}
