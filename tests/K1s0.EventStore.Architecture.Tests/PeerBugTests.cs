using System.Globalization;
using System.Text.RegularExpressions;
using FluentAssertions;
using Xunit;

namespace K1s0.EventStore.Architecture.Tests;

/// <summary>Every known bug of a peer has a test that names it, or a reason why it cannot happen here.</summary>
public sealed partial class PeerBugTests
{
    private const string Table = "tests/peer-bugs.md";
    private const int Bugs = 36;

    private static readonly Dictionary<string, string> Rows = Row().Matches(Repository.Read(Table))
        .ToDictionary(row => row.Groups["bug"].Value, row => row.Groups["here"].Value, StringComparer.Ordinal);

    private static readonly string[] Tested =
    [
        .. Repository.Files("tests", ".cs")
            .SelectMany(path => NamedTest().Matches(Repository.Read(path)))
            .Select(test => test.Groups["bug"].Value)
            .Distinct(StringComparer.Ordinal),
    ];

    [Fact]
    public void The_table_has_each_bug() =>
        Rows.Keys.Should().Equal(Enumerable.Range(1, Bugs).Select(
            number => string.Create(CultureInfo.InvariantCulture, $"B{number:D2}")));

    [Fact]
    public void Each_bug_has_a_test_that_names_it_or_a_reason_why_it_cannot_happen()
    {
        Tested.Should().BeEquivalentTo(Rows.Where(row => row.Value is "test").Select(row => row.Key));
        Rows.Values.Where(here => here is not "test").Should().OnlyContain(
            here => here.StartsWith("cannot happen", StringComparison.Ordinal) && here.Contains(": "));
    }

    [GeneratedRegex(
        @"^\| (?<bug>B\d\d) \| [^|]+ \| (?<here>[^|]+?) \|\r?$",
        RegexOptions.Multiline | RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1_000)]
    private static partial Regex Row();

    // The trait stands right above its test, among other attributes only.
    [GeneratedRegex(
        @"\[Trait\(""PeerBug"", ""(?<bug>B\d\d)""\)\](\s*\[[^\r\n]*\])*\s*public (async )?(Task|void) [A-Z]",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 5_000)]
    private static partial Regex NamedTest();
}
