using System.Reflection;
using FluentAssertions;
using Xunit;

namespace K1s0.EventStore.Architecture.Tests;

/// <summary>Every change of what users can call is a change of a checked-in file, so that a review sees it.</summary>
public sealed class PublicApiTests
{
    private const string AcceptVariable = "K1S0_ACCEPT_API";
    private const string Folder = "tests/K1s0.EventStore.Architecture.Tests/Api";

    public static TheoryData<string> Packages => [.. Repository.SourceProjects.Keys];

    [Theory]
    [MemberData(nameof(Packages))]
    public void The_public_surface_equals_its_checked_in_snapshot(string package)
    {
        var received = PublicApi.Describe(Assembly.Load(package));
        var snapshot = Repository.Absolute($"{Folder}/{package}.txt");
        if (Environment.GetEnvironmentVariable(AcceptVariable) is "1")
        {
            File.WriteAllLines(snapshot, received);
        }

        var approved = File.Exists(snapshot) ? File.ReadAllLines(snapshot) : [];
        if (!received.SequenceEqual(approved, StringComparer.Ordinal))
        {
            var receivedFile = Path.Combine(AppContext.BaseDirectory, $"{package}.received.txt");
            File.WriteAllLines(receivedFile, received);
            Assert.Fail(
                $"""
                The public surface of {package} is not what {Folder}/{package}.txt says (- snapshot, + now):
                {string.Join('\n', LineDifference.Between(approved, received))}

                The whole surface is in {receivedFile}.
                If the change is meant: run this test with {AcceptVariable}=1 and commit the snapshot with the change.
                """);
        }
    }

    [Fact]
    public void Every_snapshot_belongs_to_a_package() =>
        Directory.EnumerateFiles(Repository.Absolute(Folder), "K1s0.*.txt")
            .Select(Path.GetFileNameWithoutExtension)
            .Except(Repository.SourceProjects.Keys, StringComparer.Ordinal)
            .Should().BeEmpty();
}
