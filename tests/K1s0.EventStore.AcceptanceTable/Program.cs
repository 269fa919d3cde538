using K1s0.EventStore.AcceptanceTable;

// Reads what `dotnet test` left behind and says how the product stands. Called by tests/run.sh; CI reads the last line.
if (args.Length is not (2 or 3))
{
    Console.Error.WriteLine("usage: AcceptanceTable <repository> <results folder> [<least line coverage in percent>]");
    return 2;
}

var outcomes = TestOutcome.ReadAll(args[1]);
var coverage = SourceCoverage.Read(args[0], args[1]);
Report.Failures(outcomes);
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

Report.Totals(outcomes);
return isCovered ? 0 : 1;
