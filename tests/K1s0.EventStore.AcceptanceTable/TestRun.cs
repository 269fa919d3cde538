using System.Xml.Linq;

namespace K1s0.EventStore.AcceptanceTable;

/// <summary>One result file: what became of one test assembly.</summary>
/// <param name="Name">What ran.</param>
/// <param name="Outcomes">The tests that came to an end.</param>
/// <param name="WasCut">
/// The process ended before its tests did: those that are missing in the file count neither as passed nor as failed.
/// </param>
internal sealed record TestRun(string Name, IReadOnlyList<TestOutcome> Outcomes, bool WasCut)
{
    private static readonly XNamespace Trx = "http://microsoft.com/schemas/VisualStudio/TeamTest/2010";

    public static IReadOnlyList<TestRun> ReadAll(string resultsFolder) =>
    [
        .. Directory.EnumerateFiles(resultsFolder, "*.trx", SearchOption.AllDirectories)
            .Order(StringComparer.Ordinal)
            .Select(file => Read(file, XDocument.Load(file))),
    ];

    private static TestRun Read(string file, XDocument run)
    {
        var outcomes = TestOutcome.ReadAll(run).ToArray();
        var result = run.Descendants(Trx + "ResultSummary").Single().Attribute("outcome")?.Value;
        return new TestRun(
            Path.GetFileName(outcomes.FirstOrDefault()?.AssemblyFile ?? file),
            outcomes,
            result is not "Completed" && outcomes.All(test => test.HasPassed || test.WasSkipped));
    }
}
