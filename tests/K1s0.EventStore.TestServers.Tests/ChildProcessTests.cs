using System.Globalization;

namespace K1s0.EventStore.TestServers.Tests;

public sealed class ChildProcessTests
{
    private const int ExitCodeAfterKill = 128 + 9;

    [Fact]
    public async Task A_child_is_read_line_by_line_until_it_is_killed()
    {
        await using var child = await StartAsync(ChildRoles.Count);
        (await child.ReadLineAsync(Cancellation)).Should().Be("1");
        (await child.ReadLineAsync(Cancellation)).Should().Be("2");

        await child.KillAsync();

        (await child.Exited).Should().Be(ExitCodeAfterKill);
        Traces.ProcessRuns(child.ProcessId).Should().BeFalse();
    }

    [Fact]
    public async Task A_child_that_ends_by_itself_ends_its_output_and_has_its_exit_code()
    {
        await using var child = await StartAsync(ChildRoles.Fail);

        (await child.ReadLineAsync(Cancellation)).Should().BeNull();
        (await child.Exited).Should().Be(ChildRoles.FailureCode);
    }

    [Fact]
    public async Task A_frozen_child_writes_nothing_and_goes_on_when_thawed()
    {
        await using var child = await StartAsync(ChildRoles.Count);
        await child.ReadLineAsync(Cancellation);

        await child.FreezeAsync();
        var written = BytesWritten(child);
        for (var look = 0; look < 100; look++)
        {
            BytesWritten(child).Should().Be(written);
        }

        child.Thaw();
        await Traces.UntilAsync(() => BytesWritten(child) > written);
    }

    [Fact]
    public async Task A_killed_host_takes_its_server_along_and_the_next_start_deletes_the_directory()
    {
        await using var host = await StartAsync(ChildRoles.OwnServer);
        var postmaster = int.Parse((await host.ReadLineAsync(Cancellation))!, CultureInfo.InvariantCulture);
        var directory = (await host.ReadLineAsync(Cancellation))!;
        Traces.ProcessRuns(postmaster).Should().BeTrue();

        await host.KillAsync();

        await Traces.UntilAsync(() => !Traces.ProcessRuns(postmaster));
        Traces.OfProcess(host.ProcessId).Should().Contain(directory, "a killed process cannot delete anything");
        await using var next = await PostgresServer.StartAsync();
        Traces.OfProcess(host.ProcessId).Should().BeEmpty();
    }

    [Fact]
    public async Task The_next_start_leaves_the_directory_of_a_living_host_alone()
    {
        await using var host = await StartAsync(ChildRoles.OwnServer);
        await host.ReadLineAsync(Cancellation);
        var directory = (await host.ReadLineAsync(Cancellation))!;

        await using var next = await PostgresServer.StartAsync();

        Directory.Exists(Path.Combine(directory, "data")).Should().BeTrue();
        (await Sql.ScalarAsync<int>($"Host={directory};Username=postgres;Database=postgres", "SELECT 1")).Should().Be(1);
    }

    [Fact]
    public async Task A_host_that_ends_takes_the_shared_server_and_its_directory_along()
    {
        await using var host = await StartAsync(ChildRoles.SharedDatabase);
        await host.ReadLineAsync(Cancellation);
        var directory = (await host.ReadLineAsync(Cancellation))!;

        (await host.Exited).Should().Be(0);

        directory.Should().Contain(host.ProcessId.ToString(CultureInfo.InvariantCulture));
        Traces.OfProcess(host.ProcessId).Should().BeEmpty();
        Traces.AnyProcessWorksIn(directory).Should().BeFalse();
    }

    [Fact]
    public async Task A_server_named_by_the_environment_is_used_and_only_the_databases_made_on_it_are_dropped()
    {
        await using var server = await PostgresServer.StartAsync();
        await server.CreateDatabaseAsync("not_ours");
        await using var host = await StartAsync(
            ChildRoles.SharedDatabase, SharedPostgres.ServerVariable, server.ConnectionString());

        var name = await host.ReadLineAsync(Cancellation);
        var directory = await host.ReadLineAsync(Cancellation);
        (await host.Exited).Should().Be(0);

        directory.Should().Be(server.DataDirectory);
        var left = await Sql.ScalarAsync<string[]>(
            server.ConnectionString(), "SELECT array_agg(datname::text) FROM pg_database");
        left.Should().Contain("not_ours").And.NotContain(name);
        server.IsRunning.Should().BeTrue();
    }

    [Fact]
    public async Task Without_PostgreSQL_the_message_says_what_to_install_and_nothing_is_left()
    {
        var empty = Directory.CreateTempSubdirectory();
        try
        {
            await using var host = await StartAsync(ChildRoles.SharedDatabase, "K1S0_TEST_POSTGRES_BIN", empty.FullName);

            var message = await host.ReadLineAsync(Cancellation);

            message.Should().Contain("apt-get install --no-install-recommends postgresql")
                .And.Contain("./tests/run.sh").And.Contain("K1S0_TEST_POSTGRES_BIN").And.Contain(empty.FullName);
            (await host.Exited).Should().Be(ChildRoles.FailureCode);
            Traces.OfProcess(host.ProcessId).Should().BeEmpty();
        }
        finally
        {
            empty.Delete();
        }
    }

    [Fact]
    public async Task Without_PgBouncer_the_message_says_what_to_install_and_nothing_is_left()
    {
        await using var host = await StartAsync(ChildRoles.Bouncer, PgBouncer.ProgramVariable, "/no/such/program");

        var message = await host.ReadLineAsync(Cancellation);

        message.Should().Contain("apt-get install --no-install-recommends pgbouncer").And.Contain("./tests/run.sh");
        (await host.Exited).Should().Be(ChildRoles.FailureCode);
        Traces.OfProcess(host.ProcessId).Should().BeEmpty();
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static Task<ChildProcess> StartAsync(string role, string? variable = null, string? value = null)
    {
        // Whatever this run itself was told, the child starts a server of its own unless the test says otherwise.
        var environment = new Dictionary<string, string>(StringComparer.Ordinal) { [SharedPostgres.ServerVariable] = "" };
        if (variable is not null)
        {
            environment[variable] = value!;
        }

        return ChildProcess.StartAsync(typeof(Program).Assembly, [Program.Role, role], environment);
    }

    private static long BytesWritten(ChildProcess child) =>
        long.Parse(
            File.ReadLines($"/proc/{child.ProcessId}/io").Single(line => line.StartsWith("wchar: ", StringComparison.Ordinal))
                .AsSpan("wchar: ".Length),
            CultureInfo.InvariantCulture);
}
