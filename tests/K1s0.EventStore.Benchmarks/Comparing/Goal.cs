using System.Globalization;

namespace K1s0.EventStore.Benchmarks.Comparing;

/// <summary>What a row is held to: a floor and an aim, of the ratio or of our own figure.</summary>
internal sealed record Goal
{
    private readonly Func<FigureResult, double> _figure;
    private readonly bool _isLimit;

    private Goal(double floor, double aim, Func<FigureResult, double> figure, bool isLimit, string text)
    {
        (Floor, Aim, _figure, _isLimit) = (floor, aim, figure, isLimit);
        Text = text;
    }

    public double Floor { get; }

    public double Aim { get; }

    /// <summary>Floor and aim for the table.</summary>
    public string Text { get; }

    /// <summary>The ratio is at least this.</summary>
    public static Goal RatioAtLeast(double floor, double aim) =>
        new(floor, aim, result => result.Ratio, false,
            string.Create(CultureInfo.InvariantCulture, $">= {floor} / {aim}"));

    /// <summary>Our own figure is less than this.</summary>
    public static Goal OursLessThan(double floor, double aim, string unit) =>
        new(floor, aim, result => result.Ours, true,
            string.Create(CultureInfo.InvariantCulture, $"< {floor} / {aim} {unit}"));

    /// <summary>Our own figure is at least this.</summary>
    public static Goal OursAtLeast(double floor, double aim, string unit) =>
        new(floor, aim, result => result.Ours, false,
            string.Create(CultureInfo.InvariantCulture, $">= {floor:#,0} / {aim:#,0} {unit}"));

    /// <summary>"aim", "floor" or "missed".</summary>
    public string Judge(FigureResult result)
    {
        var figure = _figure(result);
        return Meets(figure, Aim) ? "aim" : Meets(figure, Floor) ? "floor" : "missed";
    }

    private bool Meets(double figure, double limit) => _isLimit ? figure < limit : figure >= limit;
}
