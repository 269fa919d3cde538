using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using FluentAssertions;
using Xunit;

namespace K1s0.EventStore.Architecture.Tests;

/// <summary>
/// A schema only moves forward: migrations are numbered without gaps, and a published one is never edited.
/// </summary>
public sealed class MigrationTests
{
    private const string AcceptVariable = "K1S0_ACCEPT_API";
    private const string Published = "tests/K1s0.EventStore.Architecture.Tests/Api/migrations.txt";

    [Fact]
    public void Migrations_are_numbered_from_1_without_gaps()
    {
        foreach (var package in Migrations().GroupBy(path => Path.GetDirectoryName(path)!, StringComparer.Ordinal))
        {
            package.Select(path => int.Parse(Path.GetFileName(path).Split('_')[0], CultureInfo.InvariantCulture))
                .Should().Equal(Enumerable.Range(1, package.Count()), package.Key);
        }
    }

    [Fact]
    public void A_published_migration_is_never_edited_or_removed()
    {
        var published = ReadPublished();
        var now = Migrations().ToDictionary(path => path, Hash, StringComparer.Ordinal);
        if (Environment.GetEnvironmentVariable(AcceptVariable) is "1")
        {
            // Only new migrations are taken in: what stands in the list stays as it is.
            foreach (var (path, hash) in now)
            {
                published.TryAdd(path, hash);
            }

            WritePublished(published);
        }

        published.Should().BeEquivalentTo(
            now,
            $"{Published} lists the migrations that databases have run. A new one is added with {AcceptVariable}=1; "
            + "one that has never left this repository may be edited after its line was deleted by hand");
    }

    private static IEnumerable<string> Migrations() =>
        Repository.Files("src", ".sql")
            .Where(path => path.Contains("/Schema/", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal);

    private static string Hash(string path) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Repository.Read(path))));

    private static SortedDictionary<string, string> ReadPublished()
    {
        var published = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var file = Repository.Absolute(Published);
        foreach (var line in File.Exists(file) ? File.ReadLines(file) : [])
        {
            var (hash, path) = (line.Split(' ')[0], line.Split(' ')[^1]);
            published.Add(path, hash);
        }

        return published;
    }

    private static void WritePublished(SortedDictionary<string, string> published)
    {
        if (published.Count > 0)
        {
            File.WriteAllLines(
                Repository.Absolute(Published), published.Select(migration => $"{migration.Value}  {migration.Key}"));
        }
    }
}
