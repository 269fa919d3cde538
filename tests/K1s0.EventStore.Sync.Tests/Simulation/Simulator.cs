namespace K1s0.EventStore.Sync.Simulation;

/// <summary>Runs seeds. The same seed gives the same run, step by step.</summary>
public static class Simulator
{
    /// <summary>Runs one seed.</summary>
    /// <param name="seed">The seed.</param>
    /// <returns>What did not hold, with the last steps; null when everything held.</returns>
    public static string? Run(ulong seed)
    {
        var world = new World(seed);
        try
        {
            world.Run();
            new OfflineRun(seed).Run();
            new CommitRun(seed).Run();
            return null;
        }
        catch (Exception e)
        {
            // Whatever is thrown, by a check or by the code that is tried: the seed has found something.
            return $"seed {seed}: {(e is SimulationFailedException ? e.Message : e)}\n{world.Scenario}\n{world.Trace}";
        }
    }

    /// <summary>Runs seeds one after the other until one fails.</summary>
    /// <param name="first">The first seed.</param>
    /// <param name="count">How many.</param>
    /// <returns>What the first failure says; null when there was none.</returns>
    public static string? FindFailure(ulong first, int count)
    {
        for (var i = 0UL; i < (ulong)count; i++)
        {
            if (Run(first + i) is { } failure)
            {
                return failure;
            }
        }

        return null;
    }

    /// <summary>A fingerprint of a run: the same for every run of the seed.</summary>
    /// <param name="seed">The seed.</param>
    public static string Fingerprint(ulong seed)
    {
        var world = new World(seed);
        world.Run();
        return $"{world.Schedule.Steps} steps\n{world.Trace}";
    }
}
