using K1s0.EventStore.Benchmarks.Servers;

namespace K1s0.EventStore.Benchmarks.Comparing;

/// <summary>Runs scenarios: each in a database of its own, the sides in turns, first one and then the other first.</summary>
internal sealed class Comparison(BenchmarkServer server, TimeSpan duration, int repetitions, TextWriter progress)
{
    // So that neither side pays for compiling, connecting and planning.
    private const int WarmUpParts = 4;

    public async Task<IReadOnlyList<FigureResult>> RunAsync(IScenario scenario)
    {
        await progress.WriteLineAsync($"{scenario.Name} ...");
        await using var database = await server.CreateDatabaseAsync(scenario.SessionSettings);
        return await RunAsync(scenario, database);
    }

    /// <summary>The same in a database that is there.</summary>
    public async Task<IReadOnlyList<FigureResult>> RunAsync(IScenario scenario, BenchmarkDatabase database)
    {
        await scenario.SetUpAsync(database);
        await scenario.MeasureOursAsync(duration / WarmUpParts);
        await scenario.MeasurePlainAsync(duration / WarmUpParts);
        var (ours, plain) = (new List<IReadOnlyList<double>>(), new List<IReadOnlyList<double>>());
        for (var repetition = 0; repetition < repetitions; repetition++)
        {
            if (repetition % 2 == 0)
            {
                ours.Add(await scenario.MeasureOursAsync(duration));
                plain.Add(await scenario.MeasurePlainAsync(duration));
            }
            else
            {
                plain.Add(await scenario.MeasurePlainAsync(duration));
                ours.Add(await scenario.MeasureOursAsync(duration));
            }
        }

        return
        [
            .. scenario.Figures.Select((figure, index) => new FigureResult(
                figure, [.. ours.Select(values => values[index])], [.. plain.Select(values => values[index])])),
        ];
    }
}
