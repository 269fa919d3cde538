using System.Globalization;

namespace K1s0.EventStore.AcceptanceTable;

/// <summary>The parts of the report, in plain text.</summary>
internal static class Report
{
    private const string CoverageRow = "K13";

    // Enough to know what was expected; the whole of it stands in the result files.
    private const int MaxProblemLines = 12;

    public static void Failures(IReadOnlyList<TestRun> runs)
    {
        foreach (var run in runs.Where(run => run.WasCut))
        {
            Console.WriteLine($"FAILED: the run of {run.Name} ended before its tests did.");
        }

        foreach (var test in runs
            .SelectMany(run => run.Outcomes).Where(test => test is { HasPassed: false, WasSkipped: false }))
        {
            Console.WriteLine($"FAILED: {test.DisplayName}");
            foreach (var line in test.Problem.Split('\n').Take(MaxProblemLines))
            {
                Console.WriteLine($"  {line}");
            }
        }
    }

    public static void Coverage(SourceCoverage coverage)
    {
        Console.WriteLine();
        Console.WriteLine("Line coverage of src");
        foreach (var (package, covered, lines) in coverage.Packages())
        {
            var percent = SourceCoverage.PercentOf(covered, lines);
            WriteLine($"  {package,-28} {percent,6:F1} %   {covered} of {lines} lines");
        }

        WriteLine(
            $"  {"all",-28} {coverage.Percent,6:F1} %   {coverage.CoveredLines} of {coverage.Lines} lines");
    }

    public static void Rows(IReadOnlyList<TestOutcome> outcomes, SourceCoverage coverage)
    {
        var traits = new RowTraits();
        var byRow = outcomes
            .SelectMany(test => traits.Of(test).Select(row => (Row: row, Test: test)))
            .ToLookup(entry => entry.Row, entry => entry.Test, StringComparer.Ordinal);
        var rows = ReadRows();
        Console.WriteLine();
        Console.WriteLine("Acceptance rows, with the number of passing tests");
        foreach (var (row, text) in rows)
        {
            var state = row is CoverageRow && coverage.Lines > 0
                ? string.Create(CultureInfo.InvariantCulture, $"{coverage.Percent:F1} %")
                : State(byRow[row]);
            WriteLine($"  {row}  {state,-22} {text}");
        }

        var carried = byRow.Select(group => group.Key);
        foreach (var unknown in carried.Except(rows.Select(row => row.Id), StringComparer.Ordinal))
        {
            WriteLine($"  {unknown}  is carried by a test, but is no row");
        }
    }

    // A run that was cut is one failure: which of its tests ended it, nobody knows.
    public static void Totals(IReadOnlyList<TestRun> runs)
    {
        var outcomes = runs.SelectMany(run => run.Outcomes).ToArray();
        var (passed, skipped) = (outcomes.Count(test => test.HasPassed), outcomes.Count(test => test.WasSkipped));
        var failed = outcomes.Length - passed - skipped + runs.Count(run => run.WasCut);
        Console.WriteLine();
        WriteLine($"{passed} passed, {failed} failed, {skipped} skipped");
    }

    private static string State(IEnumerable<TestOutcome> tests)
    {
        var (passed, others) = (tests.Count(test => test.HasPassed), tests.Count(test => !test.HasPassed));
        return (passed, others) switch
        {
            (0, 0) => "missing",
            (_, 0) => passed.ToString(CultureInfo.InvariantCulture),
            _ => string.Create(CultureInfo.InvariantCulture, $"{passed} ({others} not passing)"),
        };
    }

    private static (string Id, string Text)[] ReadRows()
    {
        using var reader = new StreamReader(typeof(Report).Assembly.GetManifestResourceStream("rows.txt")!);
        return
        [
            .. from line in reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries)
               let parts = line.Split(' ', 2)
               select (parts[0], parts[1]),
        ];
    }

    private static void WriteLine(FormattableString line) =>
        Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));
}
