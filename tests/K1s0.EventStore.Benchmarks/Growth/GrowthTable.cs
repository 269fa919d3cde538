using System.Globalization;
using K1s0.EventStore.Benchmarks.Comparing;

namespace K1s0.EventStore.Benchmarks.Growth;

/// <summary>
/// Empty and grown side by side. What plain loses as well is what deeper indexes cost anybody.
/// </summary>
internal static class GrowthTable
{
    private static readonly string[] Heading =
        ["name", "unit", "ours empty", "ours grown", "change", "plain empty", "plain grown", "change"];

    private static readonly bool[] IsNumber = [false, false, true, true, true, true, true, true];

    public static string Format(IReadOnlyList<FigureResult> empty, IReadOnlyList<FigureResult> grown) =>
        ResultTable.Format(Heading, IsNumber, empty.Zip(grown, (before, after) => new[]
        {
            before.Figure.Name,
            before.Figure.Unit,
            ResultTable.Number(before.Ours),
            ResultTable.Number(after.Ours),
            Change(before.Ours, after.Ours),
            ResultTable.Number(before.Plain),
            ResultTable.Number(after.Plain),
            Change(before.Plain, after.Plain),
        }));

    private static string Change(double before, double after) =>
        string.Create(CultureInfo.InvariantCulture, $"{(after / before) - 1:+0%;-0%;0%}");
}
