using K1s0.EventStore.Samples.Projections;
using K1s0.EventStore.TestServers;
using Npgsql;

namespace K1s0.EventStore.Samples.Tests;

public sealed class ProjectionsTests : IAsyncLifetime
{
    private TestDatabase _database = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _database = await SharedPostgres.CreateDatabaseAsync();

    public async ValueTask DisposeAsync() => await _database.DisposeAsync();

    [Fact]
    [Trait("Row", "L08")]
    public async Task The_table_is_what_the_events_say_although_its_worker_is_killed_and_so_it_is_the_second_time()
    {
        for (var run = 0; run < 2; run++)
        {
            var (exitCode, output) = await RunAsync("--postgres", _database.ConnectionString, "--kills", "3");

            exitCode.Should().Be(Demonstration.Held, output);
            output.Should().Contain("killed  worker 3 of 3")
                .And.Contain("ok      every event is in the table exactly once")
                .And.NotContain("\e[", "colours were not asked for");
        }
    }

    [Fact]
    public async Task A_table_that_counts_an_event_twice_is_noticed()
    {
        await RunAsync("--postgres", _database.ConnectionString, "--kills", "1");
        await using var dataSource = NpgsqlDataSource.Create(_database.ConnectionString);
        await using var update = dataSource.CreateCommand(
            "update balances set cents = cents + 1 where account = (select min(account) from balances)");
        await update.ExecuteNonQueryAsync(Cancellation);

        var (exitCode, output) = await RunAsync("--postgres", _database.ConnectionString, "--kills", "1");

        exitCode.Should().Be(Demonstration.Failed);
        output.Should().Contain("failed  1 accounts differ").And.NotContain("exactly once\n");
    }

    [Fact]
    public async Task It_brings_a_server_of_its_own_when_it_is_given_none()
    {
        var (exitCode, output) = await Programs.RunAsync("Projections.dll", "--kills", "1");

        exitCode.Should().Be(Demonstration.Held, output);
        output.Should().Contain("every event is in the table exactly once");
    }

    [Theory]
    [InlineData("--postgres")]
    [InlineData("--kills", "many")]
    [InlineData("--kills", "0")]
    [InlineData("--sqlite", "x")]
    public async Task A_wrong_command_line_shows_the_usage(params string[] arguments)
    {
        var (exitCode, output) = await Programs.RunAsync("Projections.dll", arguments);

        exitCode.Should().Be(Demonstration.Unusable);
        output.Should().Contain(Arguments.Usage);
    }

    [Fact]
    public async Task A_server_that_cannot_be_reached_is_named()
    {
        var (exitCode, output) = await RunAsync("--postgres", "Host=/nowhere;Username=nobody", "--kills", "1");

        exitCode.Should().Be(Demonstration.Unusable);
        output.Should().Contain("Cannot connect to PostgreSQL");
    }

    private static async Task<(int ExitCode, string Output)> RunAsync(params string[] arguments)
    {
        var output = new StringWriter();
        var demonstration = new Demonstration(new Narrator(output, inColour: false));
        return (await demonstration.RunAsync(Arguments.Parse(arguments)!, Cancellation), output.ToString());
    }
}
