namespace K1s0.EventStore.Sync.Simulation;

/// <summary>
/// A restored replica that a peer confirms which is itself behind: from then on its log has two versions, one at a third
/// node, and each is built upon.
/// </summary>
internal sealed class ForkMaking(World world, List<SimulatedNode> nodes)
{
    /// <summary>Makes a fork; false where there are not nodes enough, or the writer may not write.</summary>
    public bool Run()
    {
        var chosen = nodes.ToArray();
        world.Chance.Work.Shuffle(chosen);
        if (chosen is not [var writer, var behind, var third, ..] || !writer.Node!.CanWrite)
        {
            return false;
        }

        Write(writer, 1);
        Meet(writer, behind);
        var image = writer.Disk.Image();
        Write(writer, world.Chance.Work.Next(1, 5));
        Meet(writer, third);
        Write(third, 1);
        writer.Crash();
        writer.Restore(image, isElsewhere: false);
        writer.Start();
        Meet(writer, behind);
        Write(writer, world.Chance.Work.Next(1, 5));
        Meet(writer, behind);
        Write(behind, 1);
        return true;
    }

    private void Write(SimulatedNode node, int count)
    {
        for (; count > 0; count--)
        {
            node.Write(Shop.Draw(world.Chance.Work, world.Chance.NextId(), node.Clock.GetUtcNow()));
        }
    }

    private void Meet(SimulatedNode caller, SimulatedNode answerer)
    {
        world.Connect(caller, answerer);
        world.Schedule.RunAll(maxSteps: 100_000);
    }
}
