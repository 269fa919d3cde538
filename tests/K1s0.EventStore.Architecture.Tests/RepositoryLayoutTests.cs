using System.Text.RegularExpressions;
using FluentAssertions;
using Xunit;

namespace K1s0.EventStore.Architecture.Tests;

public sealed partial class RepositoryLayoutTests
{
    private static readonly string[] TopLevel =
    [
        "src",
        "tests",
        "samples",
        "K1s0.EventStore.sln",
        "Directory.Build.props",
        "Directory.Packages.props",
        "nuget.config",
        "README.md",
        "LICENSE",
    ];

    [Fact]
    public void The_top_level_holds_the_agreed_names_and_dot_files_only() =>
        Repository.TrackedFiles
            .Select(path => path.Split('/')[0])
            .Distinct(StringComparer.Ordinal)
            .Where(name => !name.StartsWith('.'))
            .Except(TopLevel, StringComparer.Ordinal)
            .Should().BeEmpty();

    [Fact]
    public void The_package_settings_name_no_address() =>
        Repository.Read("nuget.config").Should().NotContain("://").And.NotContain("<packageSources>");

    [Fact]
    public void The_solution_contains_every_project_and_no_other()
    {
        var inSolution = ProjectInSolution().Matches(File.ReadAllText(Repository.Solution))
            .Select(match => match.Groups["path"].Value.Replace('\\', '/'));
        var inFolders = Repository.FilesOfAllProjects(".csproj");

        inSolution.Should().BeEquivalentTo(inFolders);
    }

    [Fact]
    public void Every_package_has_a_readme_that_says_something()
    {
        foreach (var project in Repository.SourceProjects.Values)
        {
            var readme = Path.Combine(Path.GetDirectoryName(project)!, "README.md");
            File.Exists(Repository.Absolute(readme)).Should().BeTrue($"{readme} travels in the package");
            File.ReadLines(Repository.Absolute(readme)).Should().HaveCountGreaterThan(10, readme);
        }
    }

    [GeneratedRegex(@"""(?<path>[^""]+\.csproj)""", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1_000)]
    private static partial Regex ProjectInSolution();
}
