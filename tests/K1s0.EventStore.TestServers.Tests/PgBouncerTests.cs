using Npgsql;

namespace K1s0.EventStore.TestServers.Tests;

/// <summary>What the store has to live with behind PgBouncer in transaction mode.</summary>
public sealed class PgBouncerTests(PgBouncerFixture fixture) : IClassFixture<PgBouncerFixture>
{
    [Fact]
    public async Task Statements_transactions_and_batches_work()
    {
        await using var source = NpgsqlDataSource.Create(fixture.Bouncer.ConnectionString());
        await using var connection = await source.OpenConnectionAsync(Cancellation);
        await using var transaction = await connection.BeginTransactionAsync(Cancellation);
        await using var batch = new NpgsqlBatch(connection, transaction)
        {
            BatchCommands =
            {
                new NpgsqlBatchCommand("CREATE TABLE batched (id int)"),
                new NpgsqlBatchCommand("INSERT INTO batched VALUES (1), (2)"),
                new NpgsqlBatchCommand("SELECT count(*) FROM batched"),
            },
        };

        (await batch.ExecuteScalarAsync(Cancellation)).Should().Be(2L);
        await transaction.CommitAsync(Cancellation);

        (await Sql.ScalarAsync<long>(fixture.Server.ConnectionString(), "SELECT count(*) FROM batched")).Should().Be(2);
    }

    [Fact]
    public async Task Many_clients_share_few_server_connections()
    {
        await using var source = NpgsqlDataSource.Create(fixture.Bouncer.ConnectionString());
        var clients = await Task.WhenAll(
            Enumerable.Range(0, 12).Select(_ => source.OpenConnectionAsync(Cancellation).AsTask()));

        var backends = await Task.WhenAll(clients.Select(BackendAsync));

        backends.Distinct().Should().HaveCountLessThanOrEqualTo(PgBouncerFixture.PoolSize);
        foreach (var client in clients)
        {
            await client.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_session_lock_stays_behind_and_a_transaction_lock_does_not()
    {
        await using (var client = await Sql.OpenAsync(fixture.Bouncer.ConnectionString()))
        {
            await using var locks = new NpgsqlCommand(
                "SELECT pg_advisory_lock(4711), pg_advisory_xact_lock(4712)", client);
            await locks.ExecuteNonQueryAsync(Cancellation);
        }

        var held = await Sql.ScalarAsync<int[]>(
            fixture.Server.ConnectionString(),
            "SELECT array_agg(objid::int) FROM pg_locks WHERE locktype = 'advisory' AND objid IN (4711, 4712)");

        held.Should().Equal(4711);
    }

    [Fact]
    public async Task A_prepared_statement_is_not_to_be_relied_on()
    {
        await using var source = NpgsqlDataSource.Create(fixture.Bouncer.ConnectionString());
        await using var first = await source.OpenConnectionAsync(Cancellation);
        await using var second = await source.OpenConnectionAsync(Cancellation);
        await using var prepared = new NpgsqlCommand("SELECT $1::int", first);
        await using var sameName = new NpgsqlCommand("SELECT $1::text", second);
        prepared.Parameters.Add(new NpgsqlParameter<int> { TypedValue = 1 });
        sameName.Parameters.Add(new NpgsqlParameter<string> { TypedValue = "1" });
        await prepared.PrepareAsync(Cancellation);

        // Both connections call their first statement the same, and share the server's session.
        var error = await Assert.ThrowsAsync<PostgresException>(() => sameName.PrepareAsync(Cancellation));

        error.SqlState.Should().Be(PostgresErrorCodes.DuplicatePreparedStatement);
    }

    [Fact]
    public async Task Options_in_the_connection_string_are_refused_and_a_search_path_is_ignored()
    {
        var plain = fixture.Bouncer.ConnectionString();
        var options = new NpgsqlConnectionStringBuilder(plain) { Options = "-c statement_timeout=1000" };
        var searchPath = new NpgsqlConnectionStringBuilder(plain) { SearchPath = "somewhere" };

        var refused = await Assert.ThrowsAsync<PostgresException>(() => Sql.OpenAsync(options.ConnectionString));
        var path = await Sql.ScalarAsync<string>(searchPath.ConnectionString, "SHOW search_path");

        refused.SqlState.Should().Be(PostgresErrorCodes.ProtocolViolation);
        path.Should().Be("\"$user\", public");
    }

    [Fact]
    public async Task A_disposed_bouncer_leaves_nothing_behind()
    {
        var bouncer = await PgBouncer.StartAsync(fixture.Server);
        var directory = bouncer.SocketDirectory;
        Traces.ProcessRuns(bouncer.ProcessId).Should().BeTrue();

        await bouncer.DisposeAsync();

        Traces.ProcessRuns(bouncer.ProcessId).Should().BeFalse();
        Traces.OfThisProcess().Should().NotContain(path => path.StartsWith(directory, StringComparison.Ordinal));
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static async Task<int> BackendAsync(NpgsqlConnection client)
    {
        await using var command = new NpgsqlCommand("SELECT pg_backend_pid() FROM pg_sleep(0.01)", client);
        return (int)(await command.ExecuteScalarAsync(Cancellation))!;
    }
}
