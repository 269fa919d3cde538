using System.Text.RegularExpressions;
using FluentAssertions;
using Xunit;

namespace K1s0.EventStore.Architecture.Tests;

public sealed partial class SourceTextTests
{
    private const int MaxLines = 300;
    private const int MaxColumns = 120;

    private static IEnumerable<string> SourceCode => Repository.Files("src", ".cs");

    private static IEnumerable<string> AllText =>
        Repository.TrackedFiles.Where(path => !path.EndsWith(".png", StringComparison.Ordinal));

    [Fact]
    public void No_region_hides_code() =>
        Repository.LinesWhere(Repository.FilesOfAllProjects(".cs"), RegionDirective().IsMatch).Should().BeEmpty();

    [Fact]
    public void No_marker_of_unfinished_work_is_left() =>
        Repository.LinesWhere(AllText, LeftoverMarker().IsMatch).Should().BeEmpty();

    [Fact]
    public void The_product_writes_nothing_to_the_console() =>
        Repository.LinesWhere(SourceCode, ConsoleCall().IsMatch).Should().BeEmpty();

    [Fact]
    public void No_file_names_a_folder_of_some_machine() =>
        Repository.LinesWhere(AllText, MachinePath().IsMatch).Should().BeEmpty();

    [Fact]
    public void No_file_names_the_host_of_a_registry() =>
        Repository.LinesWhere(AllText, RegistryHost().IsMatch)
            .Should().BeEmpty("where packages come from is the user's setting");

    [Fact]
    public void A_source_file_has_at_most_300_lines() =>
        SourceCode.Select(path => (Path: path, Lines: File.ReadLines(Repository.Absolute(path)).Count()))
            .Where(file => file.Lines > MaxLines)
            .Should().BeEmpty();

    [Fact]
    public void A_source_line_has_at_most_120_columns() =>
        Repository.LinesWhere(SourceCode.Concat(Repository.Files("src", ".sql")), line => line.Length > MaxColumns)
            .Should().BeEmpty();

    // Written so that none of these patterns matches its own text.
    [GeneratedRegex(@"^\s*#\s*region\b", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1_000)]
    private static partial Regex RegionDirective();

    [GeneratedRegex(
        @"\b(TO[D]O|FIX[M]E|HA[C]K|X[X]X)\b", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1_000)]
    private static partial Regex LeftoverMarker();

    [GeneratedRegex(@"\bConsole\s*\.", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1_000)]
    private static partial Regex ConsoleCall();

    [GeneratedRegex(
        @"(^|[^\w.])/(home|root|work|Users)/\w|\b[A-Z]:\\(Users|home|work)",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1_000)]
    private static partial Regex MachinePath();

    [GeneratedRegex(
        @"\b((api|www)[.]nuget[.]org|npmjs[.](org|com)|pypi[.]org|pythonhosted[.]org|proxy[.]golang[.]org|crates[.]io"
        + @"|(deb|security)[.]debian[.]org|(archive|security)[.]ubuntu[.]com|pkgs[.]dev[.]azure[.]com"
        + @"|(docker|ghcr)[.]io)\b",
        RegexOptions.ExplicitCapture | RegexOptions.IgnoreCase,
        matchTimeoutMilliseconds: 1_000)]
    private static partial Regex RegistryHost();
}
