using K1s0.EventStore.AcceptanceTable;

// Reads what `dotnet test` left behind and says how the product stands. Called by tests/run.sh; CI reads the last line.
if (args.Length is not (2 or 3))
{
    Console.Error.WriteLine("usage: AcceptanceTable <repository> <results folder> [<least line coverage in percent>]");
    return 2;
}

var runs = TestRun.ReadAll(args[1]);
var outcomes = runs.SelectMany(run => run.Outcomes).ToArray();
var coverage = SourceCoverage.Read(args[0], args[1]);
Report.Failures(runs);
Report.Coverage(coverage);
Report.Rows(outcomes, coverage);

var isCovered = true;
if (args.Length == 3)
{
    var least = int.Parse(args[2], System.Globalization.CultureInfo.InvariantCulture);
    isCovered = coverage.Percent >= least;
    if (!isCovered)
    {
        Console.WriteLine();
        Console.WriteLine($"FAILED: the line coverage of src is below {least} %.");
    }
}

Report.Totals(runs);
return isCovered && outcomes.Length > 0 && !runs.Any(run => run.WasCut) ? 0 : 1;
