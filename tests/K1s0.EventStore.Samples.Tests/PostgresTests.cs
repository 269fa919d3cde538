using K1s0.EventStore.Samples.GitHistory;
using K1s0.EventStore.Samples.GitHistory.Git;
using K1s0.EventStore.Samples.Quickstart;
using K1s0.EventStore.Samples.Tests.Repositories;
using K1s0.EventStore.TestServers;
using Npgsql;

namespace K1s0.EventStore.Samples.Tests;

/// <summary>The samples on a real server, through the option that their users have.</summary>
public sealed class PostgresTests : IAsyncLifetime
{
    private TestDatabase _database = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _database = await SharedPostgres.CreateDatabaseAsync();

    public async ValueTask DisposeAsync() => await _database.DisposeAsync();

    [Fact]
    [Trait("Row", "K02")]
    [Trait("Row", "K05")]
    [Trait("Row", "K06")]
    [Trait("Row", "K12")]
    public async Task Every_step_holds_on_PostgreSQL_the_first_and_the_second_time()
    {
        for (var run = 0; run < 2; run++)
        {
            var (exitCode, output) = await RunQuickstartAsync(_database.ConnectionString);

            exitCode.Should().Be(Walkthrough.Held, output);
            output.Should().Contain("quickstart, PostgreSQL, schema quickstart")
                .And.Contain("(one byte of the row, by its owner)")
                .And.Contain("ok what is wrong with it: ContentChanged")
                .And.Contain("ok the store's own events are as before: True");
        }
    }

    [Fact]
    public async Task The_guard_is_on_again_after_the_tampering()
    {
        await RunQuickstartAsync(_database.ConnectionString);
        await using var dataSource = NpgsqlDataSource.Create(_database.ConnectionString);
        await using var update = dataSource.CreateCommand("update quickstart.events set payload = '{}'");

        var refused = () => update.ExecuteNonQueryAsync(Cancellation);

        (await refused.Should().ThrowAsync<PostgresException>()).WithMessage("*append-only*");
        await using var changed = dataSource.CreateCommand(
            "select count(*) from quickstart.events where payload = '{}'");
        (await changed.ExecuteScalarAsync(Cancellation)).Should().Be(0L);
    }

    [Theory]
    [InlineData("Host=/nowhere;Username=nobody")]
    [InlineData("This is no connection string")]
    public async Task A_server_that_cannot_be_reached_is_named(string connectionString)
    {
        using var generated = await GeneratedRepository.CreateAsync(commits: 2, seed: 31);

        var (quickstart, quickstartOutput) = await RunQuickstartAsync(connectionString);
        var (history, historyOutput) = await RunHistoryAsync(generated.Directory, "--postgres", connectionString);

        quickstart.Should().Be(Walkthrough.Unusable, quickstartOutput);
        history.Should().Be(HistoryRun.Unusable, historyOutput);
        quickstartOutput.Should().Contain("The store cannot be used: ");
        historyOutput.Should().Contain("The store cannot be used: ");
    }

    [Fact]
    public async Task A_schema_name_that_cannot_be_is_refused()
    {
        using var generated = await GeneratedRepository.CreateAsync(commits: 2, seed: 32);

        var (exitCode, output) = await RunHistoryAsync(
            generated.Directory, "--postgres", _database.ConnectionString, "--schema", "it's");

        exitCode.Should().Be(HistoryRun.Unusable);
        output.Should().Contain("schema name");
    }

    [Fact]
    public async Task A_history_of_5000_commits_on_PostgreSQL_agrees_with_git_at_25_random_commits()
    {
        using var generated = await GeneratedRepository.CreateAsync(commits: 5_000, seed: 5_001);

        var (exitCode, output) = await RunHistoryAsync(
            generated.Directory, "--postgres", _database.ConnectionString, "--random-commits", "25", "--seed", "26");

        exitCode.Should().Be(HistoryRun.Proved, output);
        output.Should().Contain("store       PostgreSQL, schema git_history").And.Contain("imported    5,000 commits")
            .And.Contain("compared    26 commits").And.Contain("OK ");
    }

    [Fact]
    public async Task A_second_run_on_PostgreSQL_appends_only_the_new_commits()
    {
        using var generated = await GeneratedRepository.CreateAsync(commits: 200, seed: 33);
        string[] arguments = [generated.Directory, "--postgres", _database.ConnectionString, "--seed", "1"];
        await RunHistoryAsync(arguments);

        var (again, againOutput) = await RunHistoryAsync(arguments);
        await generated.ExtendAsync(commits: 20);
        var (extended, extendedOutput) = await RunHistoryAsync(arguments);

        again.Should().Be(HistoryRun.Proved, againOutput);
        againOutput.Should().Contain("appended    0 events");
        extended.Should().Be(HistoryRun.Proved, extendedOutput);
        extendedOutput.Should().Contain("imported    220 commits").And.NotContain("appended    0 events");
    }

    private static async Task<(int ExitCode, string Output)> RunQuickstartAsync(string connectionString)
    {
        var output = new StringWriter();
        var walkthrough = new Walkthrough(new Narrator(output, inColour: false));
        return (await walkthrough.RunAsync(["--postgres", connectionString], Cancellation), output.ToString());
    }

    private static async Task<(int ExitCode, string Output)> RunHistoryAsync(params string[] arguments)
    {
        var output = new StringWriter();
        var run = new HistoryRun(new GitProgram(), output, isTerminal: false, TimeProvider.System);
        return (await run.RunAsync(arguments, Cancellation), output.ToString());
    }
}
