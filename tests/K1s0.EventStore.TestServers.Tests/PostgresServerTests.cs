using System.Diagnostics;
using System.Globalization;
using Npgsql;

namespace K1s0.EventStore.TestServers.Tests;

public sealed class PostgresServerTests
{
    [Fact]
    public async Task A_server_starts_answers_and_leaves_nothing_behind()
    {
        var server = await PostgresServer.StartAsync();
        var postmaster = server.ProcessId;
        (await Sql.ScalarAsync<int>(server.ConnectionString(), "SELECT 41 + 1")).Should().Be(42);

        await server.DisposeAsync();

        server.IsRunning.Should().BeFalse();
        Traces.ProcessRuns(postmaster).Should().BeFalse();
        Traces.Of(server).Should().BeEmpty();
    }

    [Fact]
    public async Task A_killed_server_leaves_nothing_behind_either()
    {
        var server = await PostgresServer.StartAsync();
        var segment = Traces.SharedMemorySegmentOf(server);
        await server.KillAsync();
        Traces.SharedMemorySegments().Should().Contain(segment, "a killed postmaster cannot clean up");

        await server.DisposeAsync();

        Traces.SharedMemorySegments().Should().NotContain(segment);
        Traces.Of(server).Should().BeEmpty();
    }

    [Fact]
    public async Task Two_servers_share_nothing()
    {
        await using var first = await PostgresServer.StartAsync();
        await using var second = await PostgresServer.StartAsync();

        await first.CreateDatabaseAsync("only_in_first");

        first.DataDirectory.Should().NotBe(second.DataDirectory);
        (await DatabaseCountAsync(first, "only_in_first")).Should().Be(1);
        (await DatabaseCountAsync(second, "only_in_first")).Should().Be(0);
    }

    [Theory]
    [InlineData(ProcessSignal.Kill)]
    [InlineData(ProcessSignal.Quit)]
    [InlineData(ProcessSignal.Interrupt)]
    public async Task Committed_rows_survive_every_way_to_stop_and_uncommitted_ones_do_not(ProcessSignal signal)
    {
        await using var server = await PostgresServer.StartAsync();
        var database = await server.CreateDatabaseAsync("survivor");
        await Sql.ExecuteAsync(database, "CREATE TABLE kept (id int)");

        for (var round = 1; round <= 3; round++)
        {
            await Sql.ExecuteAsync(database, $"INSERT INTO kept VALUES ({round})");
            await using var open = await Sql.OpenAsync(database);
            await using (var uncommitted = new NpgsqlCommand("BEGIN; INSERT INTO kept VALUES (-1)", open))
            {
                await uncommitted.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
            }

            var postmaster = server.ProcessId;
            await StopAsync(server, signal);
            server.IsRunning.Should().BeFalse();
            Traces.ProcessRuns(postmaster).Should().BeFalse();

            await server.StartAgainAsync();
            var rows = await Sql.ScalarAsync<int[]>(database, "SELECT array_agg(id ORDER BY id) FROM kept");
            rows.Should().Equal(Enumerable.Range(1, round));
        }
    }

    [Fact]
    public async Task A_kill_returns_only_when_the_backends_left_behind_are_gone()
    {
        await using var server = await PostgresServer.StartAsync();
        await using var busy = await Sql.OpenAsync(server.ConnectionString());
        var backend = busy.ProcessID;
        await using var command = new NpgsqlCommand("SELECT pg_sleep(600)", busy);
        var sleeping = command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);

        await server.KillAsync();

        Traces.ProcessRuns(backend).Should().BeFalse();
        await FluentActions.Awaiting(() => sleeping).Should().ThrowAsync<NpgsqlException>();
        await server.StartAgainAsync();
        server.IsRunning.Should().BeTrue();
    }

    [Fact]
    public async Task A_kill_waits_for_a_backend_that_does_not_notice_the_death_of_the_postmaster()
    {
        await using var server = await PostgresServer.StartAsync();
        await using var session = await Sql.OpenAsync(server.ConnectionString());
        await SignalAsync(session.ProcessID, "STOP");
        try
        {
            var killing = server.KillAsync();
            await Traces.UntilAsync(() => !server.IsRunning);

            // A whole life of another server: ample time for a kill that does not wait to return.
            await using (await PostgresServer.StartAsync())
            {
                killing.IsCompleted.Should().BeFalse("a frozen backend is still at the data");
                Traces.ProcessRuns(session.ProcessID).Should().BeTrue();
            }

            await SignalAsync(session.ProcessID, "CONT");
            await killing;
            Traces.ProcessRuns(session.ProcessID).Should().BeFalse();
        }
        finally
        {
            // Whatever failed: nothing frozen stays behind. A process that has ended is no error here.
            await SignalAsync(session.ProcessID, "KILL");
        }
    }

    [Fact]
    public async Task A_killed_backend_restarts_the_server_under_the_same_postmaster()
    {
        await using var server = await PostgresServer.StartAsync();
        await using var victim = await Sql.OpenAsync(server.ConnectionString());
        await using var bystander = await Sql.OpenAsync(server.ConnectionString());
        var postmaster = server.ProcessId;

        await server.KillBackendAsync(victim.ProcessID);
        await server.WaitUntilReadyAsync();

        server.ProcessId.Should().Be(postmaster);
        await using var command = new NpgsqlCommand("SELECT 1", bystander);
        await FluentActions.Awaiting(() => command.ExecuteScalarAsync()).Should().ThrowAsync<NpgsqlException>();
        (await Sql.ScalarAsync<int>(server.ConnectionString(), "SELECT 1")).Should().Be(1);
    }

    [Fact]
    public async Task A_process_of_somebody_else_is_not_killed_as_a_backend()
    {
        await using var server = await PostgresServer.StartAsync();

        await FluentActions.Awaiting(() => server.KillBackendAsync(Environment.ProcessId))
            .Should().ThrowAsync<ArgumentException>();

        server.IsRunning.Should().BeTrue();
    }

    [Fact]
    public async Task Settings_fsync_and_the_port_are_what_was_asked_for()
    {
        await using var server = await PostgresServer.StartAsync(new PostgresServerOptions
        {
            Fsync = true,
            ListenOnTcp = true,
            Settings = new Dictionary<string, string>(StringComparer.Ordinal) { ["max_connections"] = "17" },
        });

        var overTcp = server.TcpConnectionString();

        (await Sql.ScalarAsync<string>(overTcp, "SHOW max_connections")).Should().Be("17");
        (await Sql.ScalarAsync<string>(overTcp, "SHOW fsync")).Should().Be("on");
        (await Sql.ScalarAsync<string>(overTcp, "SHOW synchronous_commit")).Should().Be("on");
        (await Sql.ScalarAsync<int>(overTcp, "SELECT inet_server_port()")).Should().Be(server.Port);
    }

    [Fact]
    public async Task Without_being_asked_a_server_listens_on_no_port_and_does_not_wait_for_the_disk()
    {
        await using var server = await PostgresServer.StartAsync();

        (await Sql.ScalarAsync<string>(server.ConnectionString(), "SHOW listen_addresses")).Should().BeEmpty();
        (await Sql.ScalarAsync<string>(server.ConnectionString(), "SHOW fsync")).Should().Be("off");
        FluentActions.Invoking(() => server.TcpConnectionString()).Should().Throw<InvalidOperationException>();
    }

    [Fact]
    public async Task A_dump_of_one_server_is_restored_into_another()
    {
        await using var source = await PostgresServer.StartAsync();
        await using var target = await PostgresServer.StartAsync();
        var original = await source.CreateDatabaseAsync("books");
        await Sql.ExecuteAsync(original, "CREATE TABLE book (title text); INSERT INTO book VALUES ('Ω'), ('''')");
        var copy = await target.CreateDatabaseAsync("books");
        var file = Path.GetTempFileName();

        try
        {
            await source.PgDumpAsync("books", file);
            await target.PgRestoreAsync("books", file);
        }
        finally
        {
            File.Delete(file);
        }

        var titles = await Sql.ScalarAsync<string[]>(copy, "SELECT array_agg(title ORDER BY title) FROM book");
        titles.Should().BeEquivalentTo("Ω", "'");
    }

    [Fact]
    public async Task A_client_program_runs_against_the_server_and_its_failure_is_shown()
    {
        await using var server = await PostgresServer.StartAsync();

        var output = await server.RunToolAsync("psql", ["--no-psqlrc", "--tuples-only", "--no-align"], "SELECT 6 * 7;");
        var failure = await FluentActions.Awaiting(() => server.RunToolAsync("psql", ["--command=SELECT nonsense"]))
            .Should().ThrowAsync<ServerFailedException>();

        output.Trim().Should().Be("42");
        failure.Which.Message.Should().Contain("nonsense");
    }

    [Fact]
    public async Task A_server_that_cannot_start_says_why_and_leaves_nothing_behind()
    {
        var before = Traces.OfThisProcess();
        var options = new PostgresServerOptions
        {
            Settings = new Dictionary<string, string>(StringComparer.Ordinal) { ["max_connections"] = "nonsense" },
        };

        var failure = await FluentActions.Awaiting(() => PostgresServer.StartAsync(options))
            .Should().ThrowAsync<ServerFailedException>();

        failure.Which.Message.Should().Contain("invalid value for parameter \"max_connections\"");
        Traces.OfThisProcess().Should().BeEquivalentTo(before);
    }

    private static Task StopAsync(PostgresServer server, ProcessSignal signal) => signal switch
    {
        ProcessSignal.Kill => server.KillAsync(),
        ProcessSignal.Quit => server.StopImmediateAsync(),
        _ => server.StopAsync(),
    };

    private static async Task SignalAsync(int processId, string signal)
    {
        using var kill = Process.Start(
            new ProcessStartInfo("/bin/sh", ["-c", string.Create(CultureInfo.InvariantCulture, $"kill -{signal} {processId}")])
            {
                RedirectStandardError = true,
                UseShellExecute = false,
            })!;
        await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    private static Task<long> DatabaseCountAsync(PostgresServer server, string name) =>
        Sql.ScalarAsync<long>(server.ConnectionString(), $"SELECT count(*) FROM pg_database WHERE datname = '{name}'");
}
