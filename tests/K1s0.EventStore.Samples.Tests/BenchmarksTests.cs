using System.Text.Json;
using K1s0.EventStore.Samples.Tests.Repositories;

namespace K1s0.EventStore.Samples.Tests;

/// <summary>The benchmark program runs and says what it measured; what the figures are is not a test's business.</summary>
public sealed class BenchmarksTests
{
    private const string Program = "K1s0.EventStore.Benchmarks.dll";

    [Fact]
    public async Task Compare_prints_a_table_and_writes_a_list_of_figures()
    {
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "figures.json");

        var (exitCode, output) = await Programs.RunAsync(
            Program, "compare", "--only", "append-1x1,hashing-cost-1x1", "--seconds", "0.1", "--json", file);

        exitCode.Should().Be(0, output);
        output.Should().Contain("| append-1x1 ").And.Contain("fsync on, synchronous_commit on");
        await using var stream = File.OpenRead(file);
        using var figures = await JsonDocument.ParseAsync(
            stream, cancellationToken: TestContext.Current.CancellationToken);
        figures.RootElement.EnumerateArray().Select(figure => figure.GetProperty("name").GetString())
            .Should().Equal("append-1x1", "hashing-cost-1x1");
        foreach (var figure in figures.RootElement.EnumerateArray())
        {
            figure.EnumerateObject().Select(member => member.Name)
                .Should().Equal("name", "ours", "plain", "unit", "ratio");
            figure.GetProperty("ours").GetDouble().Should().BePositive();
            figure.GetProperty("plain").GetDouble().Should().BePositive();
            figure.GetProperty("ratio").GetDouble().Should().BePositive();
        }
    }

    [Fact]
    public async Task Archive_report_prints_compression_cost_and_the_time_of_an_hour()
    {
        var (exitCode, output) = await Programs.RunAsync(Program, "archive-report", "--events", "2000", "--seed", "7");

        exitCode.Should().Be(0, output);
        output.Should().MatchRegex(@"a year of orders: \d+ bytes an event, \d+\.\d % smaller")
            .And.Contain("sensor readings").And.Contain("ciphertext")
            .And.MatchRegex(@"0\.\d{6} USD per logical GB-month")
            .And.MatchRegex(@"median \d+\.\d ms, slowest \d+\.\d ms");
    }

    [Theory]
    [InlineData]
    [InlineData("measure")]
    [InlineData("compare", "--only", "append-1x1,unheard-of")]
    [InlineData("compare", "--seconds", "soon")]
    [InlineData("compare", "--json", "/no/such/folder/figures.json")]
    [InlineData("compare", "--postgres", "nonsense=1")]
    [InlineData("growth", "--events", "10", "--streams", "3")]
    [InlineData("archive-report", "--events", "none")]
    [InlineData("archive-report", "--json", "figures.json")]
    public async Task Wrong_options_end_with_exit_code_2_before_anything_starts(params string[] arguments)
    {
        var (exitCode, output) = await Programs.RunAsync(Program, arguments);

        exitCode.Should().Be(2);
        output.Should().BeEmpty();
    }

    [Fact]
    public async Task Help_names_the_scenarios()
    {
        var (exitCode, output) = await Programs.RunAsync(Program, "--help");

        exitCode.Should().Be(0);
        output.Should().Contain("append-1x1").And.Contain("verify-chain");
    }
}
