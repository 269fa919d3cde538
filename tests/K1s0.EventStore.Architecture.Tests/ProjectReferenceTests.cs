using System.Xml.Linq;
using FluentAssertions;
using Xunit;

namespace K1s0.EventStore.Architecture.Tests;

public sealed class ProjectReferenceTests
{
    // The packages that declare what others implement: every project may build on them.
    private static readonly string[] Abstractions =
    [
        "Microsoft.Extensions.Configuration.Abstractions",
        "Microsoft.Extensions.DependencyInjection.Abstractions",
        "Microsoft.Extensions.Diagnostics.HealthChecks.Abstractions",
        "Microsoft.Extensions.Hosting.Abstractions",
        "Microsoft.Extensions.Logging.Abstractions",
        "Microsoft.Extensions.Options",
        "Microsoft.Extensions.Options.ConfigurationExtensions",
    ];

    // The arrows of the product. A project that is not named here has no place yet: give it one first.
    private static readonly Dictionary<string, (string[] Projects, string[] Drivers)> Allowed = new(
        StringComparer.Ordinal)
    {
        ["K1s0.EventStore"] = ([], []),
        ["K1s0.EventStore.Postgres"] =
            (["K1s0.EventStore"], ["Npgsql", "Microsoft.Extensions.Diagnostics.HealthChecks"]),
        ["K1s0.EventStore.Sqlite"] =
            (["K1s0.EventStore"],
            ["Microsoft.Data.Sqlite.Core", "SQLitePCLRaw.core", "SQLitePCLRaw.provider.e_sqlite3"]),
        ["K1s0.EventStore.Testing"] = (["K1s0.EventStore"], []),
        ["K1s0.EventStore.S3"] =
            (["K1s0.EventStore", "K1s0.EventStore.Archive", "K1s0.EventStore.Privacy"],
            ["AWSSDK.Core", "AWSSDK.S3", "AWSSDK.KeyManagementService"]),
        ["K1s0.EventStore.Archive"] = (["K1s0.EventStore"], []),
        ["K1s0.EventStore.Privacy"] = (["K1s0.EventStore"], []),
        ["K1s0.EventStore.Sync"] = (["K1s0.EventStore"], []),
        ["K1s0.EventStore.Sync.AspNetCore"] = (["K1s0.EventStore.Sync"], []),
        ["K1s0.EventStore.Graph"] = (["K1s0.EventStore"], []),
    };

    public static TheoryData<string> SourceProjects => [.. Repository.SourceProjects.Keys];

    [Theory]
    [MemberData(nameof(SourceProjects))]
    public void A_project_of_the_product_references_what_the_table_allows_and_nothing_else(string project)
    {
        Allowed.Should().ContainKey(project, "every project of src has a row in the table of this test");
        var (projects, drivers) = Allowed[project];
        var file = XDocument.Parse(Repository.Read(Repository.SourceProjects[project]));

        ReferencedProjects(file).Except(projects, StringComparer.Ordinal).Should().BeEmpty();
        Included(file, "PackageReference")
            .Except([.. Abstractions, .. drivers], StringComparer.Ordinal)
            .Should().BeEmpty();
        Included(file, "Reference").Should().BeEmpty("an assembly outside of a package cannot be restored by users");
        Included(file, "FrameworkReference")
            .Except(
                project.EndsWith(".AspNetCore", StringComparison.Ordinal) ? ["Microsoft.AspNetCore.App"] : [],
                StringComparer.Ordinal)
            .Should().BeEmpty("every user would need that framework");
        Included(file, "InternalsVisibleTo")
            .Should().BeEmpty("src/Directory.Build.props names the only friend: the tests");
    }

    [Fact]
    public void The_conformance_suites_reference_the_promise_only()
    {
        var suites = Repository.Projects("tests").Where(
            project => project.Key.EndsWith(".Conformance", StringComparison.Ordinal));

        foreach (var (name, path) in suites)
        {
            ReferencedProjects(XDocument.Parse(Repository.Read(path)))
                .Should().Equal(["K1s0.EventStore"], $"{name} must run on every store");
        }
    }

    [Fact]
    public void The_product_references_no_test_and_no_sample()
    {
        var outside = Repository.Projects("tests").Keys.Concat(Repository.Projects("samples").Keys).ToArray();

        foreach (var assembly in Repository.SourceAssemblies)
        {
            assembly.GetReferencedAssemblies().Select(reference => reference.Name).Should().NotIntersectWith(outside);
        }
    }

    private static IEnumerable<string> ReferencedProjects(XDocument file) =>
        Included(file, "ProjectReference").Select(path => Path.GetFileNameWithoutExtension(path.Replace('\\', '/')));

    private static IEnumerable<string> Included(XDocument file, string item) =>
        file.Descendants(item).Select(element => element.Attribute("Include")?.Value ?? "(no Include)");
}
