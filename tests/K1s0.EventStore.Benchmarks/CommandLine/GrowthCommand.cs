using System.Diagnostics;
using System.Globalization;
using K1s0.EventStore.Benchmarks.Comparing;
using K1s0.EventStore.Benchmarks.Events;
using K1s0.EventStore.Benchmarks.Growth;
using K1s0.EventStore.Benchmarks.Servers;

namespace K1s0.EventStore.Benchmarks.CommandLine;

/// <summary>Measures an empty store and one that holds much, and the memory of reading all of it.</summary>
internal static class GrowthCommand
{
    private const int DefaultEvents = 10_000_000;
    private const int DefaultStreams = 1_000_000;
    private const int MaxEventsPerStream = 1_000;

    /// <exception cref="UsageException">Something is wrong with the words.</exception>
    public static async Task RunAsync(ArgumentReader words, TextWriter output, TextWriter progress)
    {
        var (events, streams) = (DefaultEvents, DefaultStreams);
        var options = RunOptions.Parse(words, word =>
        {
            switch (word)
            {
                case "--events":
                    events = words.WholeNumber(word, 1, 1_000_000_000);
                    return true;
                case "--streams":
                    streams = words.WholeNumber(word, 1, 100_000_000);
                    return true;
                default:
                    return false;
            }
        });
        if (events % streams != 0 || events / streams > MaxEventsPerStream)
        {
            throw new UsageException(
                $"--events must be a multiple of --streams, at most {MaxEventsPerStream} times as many.");
        }

        var scenarios = options.Choose(Catalogue.OfGrowth());
        await using var server = await BenchmarkServer.StartAsync(options.Postgres);
        await output.WriteLineAsync(await Surroundings.DescribeAsync(server, options));
        var comparison = new Comparison(server, TimeSpan.FromSeconds(options.Seconds), options.Repetitions, progress);
        var empty = new List<FigureResult>();
        foreach (var scenario in scenarios)
        {
            empty.AddRange(await comparison.RunAsync(scenario));
        }

        await using var database = await server.CreateDatabaseAsync();
        await FillAsync(database, streams, events / streams, output);
        await output.WriteLineAsync(await WholeFeed.ReadAsync(database.Feed, events));
        var grown = new List<FigureResult>();
        foreach (var scenario in options.Choose(Catalogue.OfGrowth()))
        {
            grown.AddRange(await comparison.RunAsync(scenario, database));
        }

        await output.WriteLineAsync($"\n{GrowthTable.Format(empty, grown)}");
        if (options.JsonFile is not null)
        {
            await GrowthFile.WriteAsync(options.JsonFile, empty, grown);
        }
    }

    private static async Task FillAsync(
        BenchmarkDatabase database, int streams, int eventsPerStream, TextWriter output)
    {
        await output.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture, $"filling {streams:#,0} streams of {eventsPerStream} events ..."));
        var history = new StoredHistory(database, eventsPerStream);
        var began = Stopwatch.GetTimestamp();
        await history.FillAsync(streams);
        var filled = Stopwatch.GetElapsedTime(began);
        await history.CopyToPlainAsync();
        var copied = Stopwatch.GetElapsedTime(began) - filled;
        var rate = streams * (double)eventsPerStream / filled.TotalSeconds;
        await output.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"""
            filled {streams:#,0} streams of {eventsPerStream} events: {filled.TotalSeconds:#,0} s, {rate:#,0} events/s
            copied to the plain tables and vacuumed in {copied.TotalSeconds:#,0} s
            """));
    }
}
