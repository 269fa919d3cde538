using System.Xml.Linq;

namespace K1s0.EventStore.AcceptanceTable;

/// <summary>One executed test case, out of the result files of a run.</summary>
/// <param name="AssemblyFile">The assembly that holds the test.</param>
/// <param name="ClassName">The class that ran; it may inherit the test from a suite.</param>
/// <param name="Method">The name of the method, without arguments.</param>
/// <param name="DisplayName">The whole name, with arguments.</param>
/// <param name="Result">As written by the runner: Passed, Failed, NotExecuted.</param>
/// <param name="Problem">What the runner says about a failure, and where; empty when there is nothing.</param>
internal sealed record TestOutcome(
    string AssemblyFile, string ClassName, string Method, string DisplayName, string Result, string Problem)
{
    private static readonly XNamespace Trx = "http://microsoft.com/schemas/VisualStudio/TeamTest/2010";

    public bool HasPassed => Result is "Passed";

    public bool WasSkipped => Result is "NotExecuted";

    public static IEnumerable<TestOutcome> ReadAll(XDocument run)
    {
        var methods = run.Descendants(Trx + "UnitTest").ToDictionary(
            test => Attribute(test, "id"), test => test.Element(Trx + "TestMethod")!, StringComparer.Ordinal);
        foreach (var result in run.Descendants(Trx + "UnitTestResult"))
        {
            var method = methods[Attribute(result, "testId")];
            yield return new TestOutcome(
                Attribute(method, "codeBase"),
                Attribute(method, "className"),
                Attribute(method, "name").Split('(')[0],
                Attribute(result, "testName"),
                Attribute(result, "outcome"),
                ProblemOf(result));
        }
    }

    private static string ProblemOf(XElement result) => string.Join(
        '\n',
        result.Descendants(Trx + "ErrorInfo").Elements().Select(part => part.Value.Trim()));

    private static string Attribute(XElement element, string name) =>
        element.Attribute(name)?.Value ?? throw new InvalidDataException($"{element.Name} has no {name}.");
}
