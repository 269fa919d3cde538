namespace K1s0.EventStore.Benchmarks.Comparing;

/// <summary>What the repetitions of one row gave; more than one of each side, taken in turns.</summary>
internal sealed class FigureResult
{
    public FigureResult(Figure figure, IReadOnlyList<double> ours, IReadOnlyList<double> plain)
    {
        Figure = figure;
        Ours = Median(ours);
        Plain = Median(plain);
        var ratios = ours.Zip(plain, (own, other) => figure.IsTime ? other / own : own / other).ToList();
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

    private static double Median(IReadOnlyList<double> values)
    {
        var sorted = values.Order().ToList();
        return (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
    }
}
