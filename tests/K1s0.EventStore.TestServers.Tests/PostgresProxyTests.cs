using Npgsql;

namespace K1s0.EventStore.TestServers.Tests;

public sealed class PostgresProxyTests(PostgresProxyFixture fixture) : IClassFixture<PostgresProxyFixture>
{
    [Fact]
    public async Task An_error_of_the_server_passes_and_the_session_goes_on()
    {
        await using var connection = await fixture.Through.OpenConnectionAsync(Cancellation);
        await using var wrong = new NpgsqlCommand("SELECT nonsense", connection);
        await using var right = new NpgsqlCommand("SELECT 42", connection);

        var error = await Assert.ThrowsAsync<PostgresException>(() => wrong.ExecuteScalarAsync(Cancellation));

        error.SqlState.Should().Be(PostgresErrorCodes.UndefinedColumn);
        (await right.ExecuteScalarAsync(Cancellation)).Should().Be(42);
    }

    [Fact]
    public async Task A_cancelled_command_is_cancelled_at_the_server()
    {
        await using var connection = await fixture.Through.OpenConnectionAsync(Cancellation);
        await using var command = new NpgsqlCommand("SELECT pg_sleep(600)", connection);
        using var cancel = new CancellationTokenSource();

        var sleeping = command.ExecuteScalarAsync(cancel.Token);
        await Traces.UntilAsync(async () => await SleepersAsync() == 1);
        await cancel.CancelAsync();

        await FluentActions.Awaiting(() => sleeping).Should().ThrowAsync<OperationCanceledException>();
        (await SleepersAsync()).Should().Be(0);
    }

    [Fact]
    public async Task While_answers_are_frozen_the_server_does_the_work_and_the_client_waits()
    {
        var id = fixture.NextId();
        await using var connection = await fixture.Through.OpenConnectionAsync(Cancellation);
        await using var command = new NpgsqlCommand($"INSERT INTO written VALUES ({id})", connection);
        fixture.Proxy.Freeze(MessageDirection.Backend);

        var insert = command.ExecuteNonQueryAsync(Cancellation);
        await Traces.UntilAsync(() => fixture.IsWrittenAsync(id));

        insert.IsCompleted.Should().BeFalse();
        fixture.Proxy.Thaw(MessageDirection.Backend);
        (await insert).Should().Be(1);
    }

    [Fact]
    public async Task While_requests_are_frozen_nothing_reaches_the_server()
    {
        var id = fixture.NextId();
        await using var connection = await fixture.Through.OpenConnectionAsync(Cancellation);
        await using var command = new NpgsqlCommand($"INSERT INTO written VALUES ({id})", connection);
        fixture.Proxy.Record();
        fixture.Proxy.Freeze(MessageDirection.Frontend);

        var insert = command.ExecuteNonQueryAsync(Cancellation);

        (await fixture.IsWrittenAsync(id)).Should().BeFalse();
        fixture.Proxy.Conversation.Should().BeEmpty();
        insert.IsCompleted.Should().BeFalse();
        fixture.Proxy.Thaw(MessageDirection.Frontend);
        (await insert).Should().Be(1);
        (await fixture.IsWrittenAsync(id)).Should().BeTrue();
    }

    [Fact]
    public async Task A_frozen_conversation_can_be_cut()
    {
        var id = fixture.NextId();
        await using var connection = await fixture.Through.OpenConnectionAsync(Cancellation);
        await using var command = new NpgsqlCommand($"INSERT INTO written VALUES ({id})", connection);
        fixture.Proxy.Freeze(MessageDirection.Frontend);
        var insert = command.ExecuteNonQueryAsync(Cancellation);

        fixture.Proxy.CutAll();

        await FluentActions.Awaiting(() => insert).Should().ThrowAsync<NpgsqlException>();
        fixture.Proxy.Thaw(MessageDirection.Frontend);
        (await fixture.IsWrittenAsync(id)).Should().BeFalse();
    }

    [Fact]
    public async Task A_connection_that_was_idle_when_all_were_cut_fails_at_its_next_use_and_a_new_one_works()
    {
        await using var connection = await fixture.Through.OpenConnectionAsync(Cancellation);
        await using var command = new NpgsqlCommand("SELECT 1", connection);

        fixture.Proxy.CutAll();

        await FluentActions.Awaiting(() => command.ExecuteScalarAsync(Cancellation))
            .Should().ThrowAsync<NpgsqlException>();
        await using var again = fixture.Through.CreateCommand("SELECT 1");
        (await again.ExecuteScalarAsync(Cancellation)).Should().Be(1);
    }

    [Fact]
    public async Task When_the_server_is_killed_and_starts_again_the_proxy_goes_on()
    {
        await using var server = await PostgresServer.StartAsync();
        await using var proxy = PostgresProxy.Start(server.ConnectionString());
        await using var connection = await Sql.OpenAsync(proxy.ConnectionString);
        await using var command = new NpgsqlCommand("SELECT 1", connection);

        await server.KillAsync();

        await FluentActions.Awaiting(() => command.ExecuteScalarAsync(Cancellation))
            .Should().ThrowAsync<NpgsqlException>();
        await FluentActions.Awaiting(() => Sql.OpenAsync(proxy.ConnectionString)).Should().ThrowAsync<NpgsqlException>();
        await server.StartAgainAsync();
        (await Sql.ScalarAsync<int>(proxy.ConnectionString, "SELECT 1")).Should().Be(1);
    }

    [Fact]
    public async Task A_server_on_a_port_is_reached_as_well()
    {
        await using var server = await PostgresServer.StartAsync(new PostgresServerOptions { ListenOnTcp = true });
        await using var proxy = PostgresProxy.Start(server.TcpConnectionString());

        (await Sql.ScalarAsync<int>(proxy.ConnectionString, "SELECT inet_server_port()")).Should().Be(server.Port);
    }

    [Fact]
    public async Task Something_that_does_not_speak_the_protocol_is_shown_the_door()
    {
        var address = new NpgsqlConnectionStringBuilder(fixture.Proxy.ConnectionString);
        using var stranger = new System.Net.Sockets.TcpClient();
        await stranger.ConnectAsync(address.Host!, address.Port, Cancellation);
        var stream = stranger.GetStream();

        await stream.WriteAsync("GET / HTTP/1.1\r\n\r\n"u8.ToArray(), Cancellation);

        var end = await Record.ExceptionAsync(async () =>
            (await stream.ReadAsync(new byte[1], Cancellation)).Should().Be(0));
        (end is null or IOException).Should().BeTrue("the end of a connection is an empty read or a reset, not {0}", end);
        await using var command = fixture.Through.CreateCommand("SELECT 1");
        (await command.ExecuteScalarAsync(Cancellation)).Should().Be(1);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private Task<long> SleepersAsync() => Sql.ScalarAsync<long>(
        fixture.Direct,
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'through' AND wait_event = 'PgSleep'");
}
