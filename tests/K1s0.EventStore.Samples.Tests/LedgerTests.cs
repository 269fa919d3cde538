using K1s0.EventStore.Samples.Ledger;
using K1s0.EventStore.TestServers;
using Npgsql;

namespace K1s0.EventStore.Samples.Tests;

public sealed class LedgerTests : IAsyncLifetime
{
    private TestDatabase _database = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _database = await SharedPostgres.CreateDatabaseAsync();

    public async ValueTask DisposeAsync() => await _database.DisposeAsync();

    [Fact]
    [Trait("Row", "L02")]
    [Trait("Row", "L03")]
    [Trait("Row", "X16")]
    public async Task Six_falsifications_are_caught_and_named_and_nothing_is_left_behind()
    {
        var (exitCode, output) = await RunAsync(_database.ConnectionString);

        exitCode.Should().Be(Ledger.Walkthrough.Held, output);
        foreach (var kind in (string[])["Edited", "Deleted", "Swapped", "Duplicated", "Spliced"])
        {
            output.Should().Contain($"caught {kind} account-ada, version ");
        }

        output.Should().Contain("caught TailCutOff the log as a whole")
            .And.Contain("expected a log of 8 leaves, as known")
            .And.Contain("8 events of 2 streams")
            .And.Contain("ok leaf ")
            .And.Contain("6 of 6 falsifications were caught and named.")
            .And.NotContain("\e[");
        await using var dataSource = NpgsqlDataSource.Create(_database.ConnectionString);
        await using var schemas = dataSource.CreateCommand(
            "select count(*) from pg_namespace where nspname like 'ledger%'");
        (await schemas.ExecuteScalarAsync(Cancellation)).Should().Be(0L);
    }

    [Fact]
    public async Task Colours_change_nothing_but_the_looks()
    {
        var coloured = new StringWriter();
        new Screen(coloured, inColour: true).Ok("all is well");

        coloured.ToString().Should().Be($"   \e[32mok\e[0m all is well{Environment.NewLine}");
        (await Programs.RunAsync("Ledger.dll", "--nonsense")).ExitCode.Should().Be(2);
    }

    [Fact]
    public async Task A_server_that_cannot_be_reached_is_named()
    {
        var (exitCode, output) = await RunAsync("Host=/nowhere;Username=nobody");

        exitCode.Should().Be(Ledger.Walkthrough.Unusable);
        output.Should().Contain("The store cannot be used: ");
    }

    private static async Task<(int ExitCode, string Output)> RunAsync(string connectionString)
    {
        var output = new StringWriter();
        var exitCode = await Ledger.Walkthrough.RunAsync(
            connectionString, new Screen(output, inColour: false), Cancellation);
        return (exitCode, output.ToString());
    }
}
