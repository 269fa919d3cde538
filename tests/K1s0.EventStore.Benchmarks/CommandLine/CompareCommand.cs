using System.Runtime.InteropServices;
using K1s0.EventStore.Benchmarks.Comparing;
using K1s0.EventStore.Benchmarks.Servers;

namespace K1s0.EventStore.Benchmarks.CommandLine;

/// <summary>Runs the chosen scenarios, prints the table and writes the JSON.</summary>
internal static class CompareCommand
{
    public static async Task RunAsync(CompareOptions options, TextWriter output)
    {
        await using var server = await BenchmarkServer.StartAsync(options.Postgres);
        await output.WriteLineAsync(await DescribeAsync(server, options));
        var comparison = new Comparison(
            server, TimeSpan.FromSeconds(options.Seconds), options.Repetitions, Console.Error);
        var (results, notes) = (new List<FigureResult>(), new List<string>());
        foreach (var scenario in options.Only)
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

    private static async Task<string> DescribeAsync(BenchmarkServer server, CompareOptions options)
    {
        await using var database = await server.CreateDatabaseAsync();
        return $"""
            {TimeProvider.System.GetUtcNow():yyyy-MM-dd}, {RuntimeInformation.FrameworkDescription}, {Environment.ProcessorCount} cores, {BuildKind}
            {await database.DescribeAsync()}
            {options.Repetitions} repetitions of {options.Seconds} s each side, in turns; medians
            """;
    }

#if DEBUG
    private const string BuildKind = "DEBUG build: the figures mean nothing";
#else
    private const string BuildKind = "Release build";
#endif
}
