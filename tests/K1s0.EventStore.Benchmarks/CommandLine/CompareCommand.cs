using K1s0.EventStore.Benchmarks.Comparing;
using K1s0.EventStore.Benchmarks.Servers;

namespace K1s0.EventStore.Benchmarks.CommandLine;

/// <summary>Runs scenarios, each in an empty database, prints the table and writes the JSON.</summary>
internal static class CompareCommand
{
    /// <exception cref="UsageException">Something is wrong with the words.</exception>
    public static async Task RunAsync(ArgumentReader words, TextWriter output, TextWriter progress)
    {
        var options = RunOptions.Parse(words, static _ => false);
        var scenarios = options.Choose(Catalogue.All());
        await using var server = await BenchmarkServer.StartAsync(options.Postgres);
        await output.WriteLineAsync(await Surroundings.DescribeAsync(server, options));
        var comparison = new Comparison(server, TimeSpan.FromSeconds(options.Seconds), options.Repetitions, progress);
        var (results, notes) = (new List<FigureResult>(), new List<string>());
        foreach (var scenario in scenarios)
        {
            results.AddRange(await comparison.RunAsync(scenario));
            notes.AddRange(scenario.Notes.Select(note => $"{scenario.Name}: {note}"));
        }

        await output.WriteLineAsync($"\n{ResultTable.Format(results)}\n");
        foreach (var note in notes)
        {
            await output.WriteLineAsync(note);
        }

        if (options.JsonFile is not null)
        {
            await ResultFile.WriteAsync(options.JsonFile, results);
        }
    }
}
