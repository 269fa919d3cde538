using System.Text.RegularExpressions;
using FluentAssertions;
using Xunit;

namespace K1s0.EventStore.Architecture.Tests;

/// <summary>
/// What a README shows has been through the compiler: each C# fence names a region of a file under samples or tests,
/// and says the same, white space aside.
/// </summary>
public sealed partial class ReadmeSnippetTests
{
    private static IEnumerable<string> Readmes => Repository.TrackedFiles.Where(path =>
        path is "README.md" or "tests/K1s0.EventStore.Conformance/README.md"
        || (path.StartsWith("src/", StringComparison.Ordinal)
            && path.EndsWith("/README.md", StringComparison.Ordinal)));

    [Fact]
    public void Every_snippet_of_a_readme_is_compiled_code()
    {
        var regions = CompiledRegions();
        var fences = Fences();

        fences.Should().NotBeEmpty();
        foreach (var (readme, name, code) in fences)
        {
            name.Should().NotBeEmpty($"a C# fence of {readme} has <!-- snippet: name --> on the line before:\n{code}");
            regions.Should().ContainKey(name, $"{readme} shows it");
            Normalised(code).Should().Be(Normalised(regions[name]), $"{readme} shows snippet {name}");
        }
    }

    private static (string Readme, string Name, string Code)[] Fences() =>
    [
        .. from readme in Readmes
           from match in Fence().Matches(Repository.Read(readme))
           select (readme, match.Groups["name"].Value, match.Groups["code"].Value),
    ];

    private static Dictionary<string, string> CompiledRegions() =>
        Repository.Files("samples", ".cs").Concat(Repository.Files("tests", ".cs"))
            .SelectMany(path => Region().Matches(Repository.Read(path)))
            .ToDictionary(
                match => match.Groups["name"].Value, match => match.Groups["code"].Value, StringComparer.Ordinal);

    private static string Normalised(string code) => WhiteSpace().Replace(code, " ").Trim();

    [GeneratedRegex(
        @"(^<!-- snippet: (?<name>[\w-]+) -->\s*\n)?^[ ]*```(csharp|cs|c#)[^\n]*\n(?<code>.*?)^[ ]*```",
        RegexOptions.ExplicitCapture | RegexOptions.Multiline | RegexOptions.Singleline | RegexOptions.IgnoreCase,
        matchTimeoutMilliseconds: 1_000)]
    private static partial Regex Fence();

    [GeneratedRegex(
        @"^[ ]*// snippet: (?<name>[\w-]+)[ ]*\n(?<code>.*?)^[ ]*// end-snippet",
        RegexOptions.ExplicitCapture | RegexOptions.Multiline | RegexOptions.Singleline,
        matchTimeoutMilliseconds: 1_000)]
    private static partial Regex Region();

    [GeneratedRegex(@"\s+", RegexOptions.None, matchTimeoutMilliseconds: 1_000)]
    private static partial Regex WhiteSpace();
}
