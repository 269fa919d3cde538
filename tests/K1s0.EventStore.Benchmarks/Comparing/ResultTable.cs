using System.Globalization;

namespace K1s0.EventStore.Benchmarks.Comparing;

/// <summary>Prints results for people, as a Markdown table.</summary>
internal static class ResultTable
{
    private static readonly string[] Heading =
        ["name", "ours", "plain", "unit", "ratio", "spread", "goal: floor / aim", "met"];

    private static readonly bool[] IsNumber = [false, true, true, false, true, true, false, false];

    public static string Format(IReadOnlyList<FigureResult> results) => Format(Heading, IsNumber, results.Select(Row));

    /// <summary>Any rows, with their columns aligned.</summary>
    public static string Format(string[] heading, bool[] isNumber, IEnumerable<string[]> rows)
    {
        var lines = rows.Prepend(heading).ToList();
        var widths = heading.Select((_, column) => lines.Max(line => line[column].Length)).ToList();
        var rule = "| " + string.Join(" | ", widths.Select((width, column) =>
            isNumber[column] ? new string('-', width - 1) + ":" : new string('-', width))) + " |";
        var formatted = lines.Select(line => "| " + string.Join(" | ", line.Select((cell, column) =>
            isNumber[column] ? cell.PadLeft(widths[column]) : cell.PadRight(widths[column]))) + " |").ToList();
        formatted.Insert(1, rule);
        return string.Join('\n', formatted);
    }

    /// <summary>A figure with as many digits as mean something.</summary>
    public static string Number(double value) =>
        value.ToString(value >= 100 ? "#,0" : "0.00", CultureInfo.InvariantCulture);

    private static string[] Row(FigureResult result) =>
    [
        result.Figure.Name,
        Number(result.Ours),
        Number(result.Plain),
        result.Figure.Unit,
        Number(result.Ratio),
        $"{Number(result.LowestRatio)}..{Number(result.HighestRatio)}",
        result.Figure.Goal?.Text ?? string.Empty,
        result.Figure.Goal?.Judge(result) ?? string.Empty,
    ];
}
