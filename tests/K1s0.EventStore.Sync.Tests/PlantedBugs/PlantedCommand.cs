using System.Collections.Concurrent;
using System.Globalization;

namespace K1s0.EventStore.Sync.Tests;

/// <summary>
/// The first seed that finds each planted mistake, from the command line: <c>plant [part of a name]</c>. What it prints
/// is recorded beside the mistakes when the simulation has changed. Ends with 1 when one is not found.
/// </summary>
internal static class PlantedCommand
{
    public static int Run(string[] arguments, TextWriter output)
    {
        var wanted = PlantedBugs.All.Where(bug => bug.Name.Contains(string.Concat(arguments), StringComparison.Ordinal));
        var (missed, printed) = (0, TextWriter.Synchronized(output));
        Parallel.ForEach(Partitioner.Create(wanted, EnumerablePartitionerOptions.NoBuffering), bug =>
        {
            var seed = 1UL;
            while (seed <= PlantedBugs.Seeds && !IsFoundBy(bug, seed))
            {
                seed++;
            }

            Interlocked.Add(ref missed, seed <= PlantedBugs.Seeds ? 0 : 1);
            printed.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{seed,4} {bug.Name}"));
        });
        return missed == 0 ? 0 : 1;
    }

    // It has to be the mistake that is found.
    private static bool IsFoundBy(PlantedBug bug, ulong seed) =>
        PlantedCompilation.FindFailure(bug, seed, 1) is not null && PlantedCompilation.Run(seed) is null;
}
