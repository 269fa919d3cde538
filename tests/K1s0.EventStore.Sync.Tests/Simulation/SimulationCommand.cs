using System.Diagnostics;
using System.Globalization;

namespace K1s0.EventStore.Sync.Simulation;

/// <summary>
/// The simulation from the command line: <c>simulate [--seed first] [--count seeds | --seconds time]</c>. Ends with 0
/// when every seed held, with 1 at the first that did not, which it prints.
/// </summary>
public static class SimulationCommand
{
    public const string Usage = "simulate [--seed <first>] [--count <seeds> | --seconds <time>]";

    public static int Run(string[] arguments, TextWriter output)
    {
        if (Parse(arguments) is not var (first, count, limit))
        {
            output.WriteLine(Usage);
            return 2;
        }

        var (watch, next, failures) = (Stopwatch.StartNew(), 0L, new List<string>());
        Parallel.For(0, Environment.ProcessorCount, _ =>
        {
            while (failures.Count == 0 && watch.Elapsed < limit && Interlocked.Increment(ref next) is var number && number <= count)
            {
                if (Simulator.Run(first + (ulong)number - 1) is { } failure)
                {
                    lock (failures)
                    {
                        failures.Add(failure);
                    }
                }
            }
        });
        failures.ForEach(output.WriteLine);
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{Math.Min(next, count)} seeds from {first} in {watch.Elapsed.TotalSeconds:F1} s, {failures.Count} failed"));
        return failures.Count == 0 ? 0 : 1;
    }

    private static (ulong First, long Count, TimeSpan Limit)? Parse(string[] arguments)
    {
        var (first, count, limit, hasLimit) = (1UL, 1_000L, TimeSpan.MaxValue, false);
        for (var i = 0; i < arguments.Length; i += 2)
        {
            if (i + 1 == arguments.Length
                || !ulong.TryParse(arguments[i + 1], NumberStyles.None, CultureInfo.InvariantCulture, out var value)
                || value > int.MaxValue)
            {
                return null;
            }

            switch (arguments[i])
            {
                case "--seed":
                    first = value;
                    break;
                case "--count":
                    count = (long)value;
                    break;
                case "--seconds":
                    (limit, hasLimit) = (TimeSpan.FromSeconds(value), true);
                    break;
                default:
                    return null;
            }
        }

        return (first, hasLimit && !arguments.Contains("--count", StringComparer.Ordinal) ? long.MaxValue : count, limit);
    }
}
