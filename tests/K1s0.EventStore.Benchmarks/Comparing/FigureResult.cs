namespace K1s0.EventStore.Benchmarks.Comparing;

/// <summary>What the repetitions of one row gave; more than one of each side, taken in turns.</summary>
internal sealed class FigureResult
{
    public FigureResult(Figure figure, IReadOnlyList<FigurePair> pairs)
    {
        Figure = figure;
        Ours = Median(pairs.Select(pair => pair.Ours));
        Plain = Median(pairs.Select(pair => pair.Plain));
        var ratios = pairs
            .Select(pair => figure.IsTime ? pair.Plain / pair.Ours : pair.Ours / pair.Plain)
            .ToList();
        Ratio = Median(ratios);
        (LowestRatio, HighestRatio) = (ratios.Min(), ratios.Max());
    }

    public Figure Figure { get; }

    /// <summary>Median over the repetitions.</summary>
    public double Ours { get; }

    /// <summary>Median over the repetitions.</summary>
    public double Plain { get; }

    /// <summary>Median of the ratios of each repetition; more than 1 is better than plain, for times as well.</summary>
    public double Ratio { get; }

    public double LowestRatio { get; }

    public double HighestRatio { get; }

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
    }
}
