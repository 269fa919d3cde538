using K1s0.EventStore.Benchmarks.Servers;

namespace K1s0.EventStore.Benchmarks.Comparing;

/// <summary>A scenario whose sides work one after the other.</summary>
internal abstract class SidesInTurn : IScenario
{
    private BenchmarkDatabase? _database;

    public abstract string Name { get; }

    public abstract IReadOnlyList<Figure> Figures { get; }

    public virtual string SessionSettings => string.Empty;

    public virtual IReadOnlyList<string> Notes => [];

    protected BenchmarkDatabase Database => _database ?? throw new InvalidOperationException($"{Name} is not set up.");

    public virtual Task SetUpAsync(BenchmarkDatabase database)
    {
        _database = database;
        return Task.CompletedTask;
    }

    public async Task<IReadOnlyList<FigurePair>> RepeatAsync(TimeSpan duration, bool isOursFirst)
    {
        var first = await MeasureAsync(duration, isOursFirst);
        var second = await MeasureAsync(duration, !isOursFirst);
        var (ours, plain) = isOursFirst ? (first, second) : (second, first);
        return [.. ours.Zip(plain, (own, other) => new FigurePair(own, other))];
    }

    /// <summary>Lets the store work for about this long; one value for each figure.</summary>
    protected abstract Task<IReadOnlyList<double>> MeasureOursAsync(TimeSpan duration);

    /// <summary>The same for the hand-written side.</summary>
    protected abstract Task<IReadOnlyList<double>> MeasurePlainAsync(TimeSpan duration);

    private Task<IReadOnlyList<double>> MeasureAsync(TimeSpan duration, bool isOurs) =>
        isOurs ? MeasureOursAsync(duration) : MeasurePlainAsync(duration);
}
