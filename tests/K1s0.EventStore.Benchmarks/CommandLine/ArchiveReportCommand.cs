using K1s0.EventStore.Benchmarks.Archives;

namespace K1s0.EventStore.Benchmarks.CommandLine;

/// <summary>Prints what the archive's other goals have come to. Needs no server.</summary>
internal static class ArchiveReportCommand
{
    private const int DefaultEvents = 200_000;
    private const int LeastEvents = 1_000;

    /// <exception cref="UsageException">Something is wrong with the words.</exception>
    public static async Task RunAsync(ArgumentReader words, TextWriter output)
    {
        var (events, seed) = (DefaultEvents, 1);
        while (words.TryNext() is { } word)
        {
            switch (word)
            {
                case "--events":
                    events = words.WholeNumber(word, LeastEvents, 5_000_000);
                    break;
                case "--seed":
                    seed = words.WholeNumber(word, 0, int.MaxValue);
                    break;
                default:
                    throw new UsageException($"There is no option '{word}'. See --help.");
            }
        }

        await output.WriteAsync(await ArchiveReport.MakeAsync(events, seed));
    }
}
