using System.Reflection;
using System.Text.RegularExpressions;
using FluentAssertions;
using Xunit;

namespace K1s0.EventStore.Architecture.Tests;

/// <summary>SQL is source code: every statement <c>Sql/verb_noun.sql</c> is embedded, is used, and exists.</summary>
public sealed partial class EmbeddedSqlTests
{
    public static TheoryData<string> Packages => [.. Repository.SourceProjects.Keys];

    [Theory]
    [MemberData(nameof(Packages))]
    public void Every_sql_file_of_a_package_is_embedded_in_it(string package)
    {
        var assembly = Assembly.Load(package);
        var embedded = assembly.GetManifestResourceNames()
            .Select(name => Embedded(assembly, name))
            .ToHashSet(StringComparer.Ordinal);

        SqlFiles(package).Where(path => !embedded.Contains(Repository.Read(path))).Should().BeEmpty();
    }

    [Theory]
    [MemberData(nameof(Packages))]
    public void Every_statement_is_named_by_the_code_of_its_package(string package) =>
        Statements(package).Except(Literals(package), StringComparer.Ordinal).Should().BeEmpty("nobody runs them");

    // Names of statements reach the catalog through arguments, so a name is known by its shape: words joined by
    // underscores, the first of which begins the name of some statement.
    [Theory]
    [MemberData(nameof(Packages))]
    public void Every_statement_that_the_code_names_exists(string package)
    {
        var statements = Statements(package).ToArray();
        var verbs = statements.Select(FirstWord).ToHashSet(StringComparer.Ordinal);

        Literals(package)
            .Where(literal => StatementName().IsMatch(literal) && verbs.Contains(FirstWord(literal)))
            .Except(statements, StringComparer.Ordinal)
            .Should().BeEmpty();
    }

    private static IEnumerable<string> SqlFiles(string package) => Repository.Files($"src/{package}", ".sql");

    private static IEnumerable<string> Statements(string package) =>
        SqlFiles(package)
            .Where(path => path.Contains("/Sql/", StringComparison.Ordinal))
            .Select(path => Path.GetFileNameWithoutExtension(path)!);

    private static IEnumerable<string> Literals(string package) =>
        Repository.Files($"src/{package}", ".cs")
            .SelectMany(path => Literal().Matches(Repository.Read(path)))
            .Select(match => match.Groups["text"].Value)
            .Distinct(StringComparer.Ordinal);

    private static string FirstWord(string name) => name.Split('_')[0];

    private static string Embedded(Assembly assembly, string name)
    {
        using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
        return reader.ReadToEnd();
    }

    [GeneratedRegex(@"""(?<text>[^""\\\r\n]*)""", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1_000)]
    private static partial Regex Literal();

    [GeneratedRegex(@"^[a-z]+(_[a-z]+)+$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1_000)]
    private static partial Regex StatementName();
}
