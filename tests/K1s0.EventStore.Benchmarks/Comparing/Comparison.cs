using K1s0.EventStore.Benchmarks.Servers;

namespace K1s0.EventStore.Benchmarks.Comparing;

/// <summary>Runs scenarios: each in a database of its own, the sides in turns, first one and then the other first.</summary>
internal sealed class Comparison(BenchmarkServer server, TimeSpan duration, int repetitions, TextWriter progress)
{
    // So that neither side pays for compiling, connecting and planning.
    private const int WarmUpParts = 4;

    public async Task<IReadOnlyList<FigureResult>> RunAsync(IScenario scenario)
    {
        await using var database = await server.CreateDatabaseAsync(scenario.SessionSettings);
        return await RunAsync(scenario, database);
    }

    /// <summary>The same in a database that is there.</summary>
    public async Task<IReadOnlyList<FigureResult>> RunAsync(IScenario scenario, BenchmarkDatabase database)
    {
        await progress.WriteLineAsync($"{scenario.Name} ...");
        await scenario.SetUpAsync(database);
        if (!await database.TryCheckpointAsync())
        {
            await progress.WriteLineAsync("  no right to checkpoint: what was written before may slow the first commits");
        }

        await scenario.RepeatAsync(duration / WarmUpParts, isOursFirst: true);
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
