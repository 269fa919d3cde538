using K1s0.EventStore.Benchmarks.Servers;

namespace K1s0.EventStore.Benchmarks.Comparing;

/// <summary>Runs scenarios: the sides in turns, first one and then the other first.</summary>
internal sealed class Comparison(BenchmarkServer server, TimeSpan duration, int repetitions, TextWriter progress)
{
    // So that neither side pays for compiling, connecting and planning.
    // Until everything is compiled for good: each tier of the compiler waits for calls, and long loads make few.
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(1.5);

    /// <summary>Runs it in an empty database of its own.</summary>
    public async Task<IReadOnlyList<FigureResult>> RunAsync(IScenario scenario)
    {
        await using var database = await server.CreateDatabaseAsync(scenario.SessionSettings);

        // What it keeps outside of the database.
        using var kept = scenario as IDisposable;
        return await RunAsync(scenario, database);
    }

    /// <summary>The same in a database that is there.</summary>
    public async Task<IReadOnlyList<FigureResult>> RunAsync(IScenario scenario, BenchmarkDatabase database)
    {
        await progress.WriteLineAsync($"{scenario.Name} ...");
        await scenario.SetUpAsync(database);
        if (!await database.TryCheckpointAsync())
        {
            await progress.WriteLineAsync("  no right to checkpoint: earlier writes may slow the first commits");
        }

        await scenario.RepeatAsync(WarmUp, isOursFirst: true);
        var pairs = new List<IReadOnlyList<FigurePair>>();
        for (var repetition = 0; repetition < repetitions; repetition++)
        {
            pairs.Add(await scenario.RepeatAsync(duration, isOursFirst: repetition % 2 == 0));
        }

        return
        [
            .. scenario.Figures.Select((figure, index) =>
                new FigureResult(figure, [.. pairs.Select(repetition => repetition[index])])),
        ];
    }
}
