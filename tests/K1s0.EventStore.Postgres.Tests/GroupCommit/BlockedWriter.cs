using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.GroupCommit;

/// <summary>
/// A store whose one writer waits inside the server, because a stream that it appends to is locked: whatever is appended
/// meanwhile is in the queue. <see cref="ReleaseAsync"/> lets it go on.
/// </summary>
internal sealed class BlockedWriter : IAsyncDisposable
{
    private readonly NpgsqlConnection _connection;
    private readonly NpgsqlTransaction _transaction;

    private BlockedWriter(
        PostgresEventStore store,
        StreamId stream,
        Task<AppendResult> blocked,
        NpgsqlConnection connection,
        NpgsqlTransaction transaction)
    {
        Store = store;
        Stream = stream;
        Blocked = blocked;
        _connection = connection;
        _transaction = transaction;
    }

    public PostgresEventStore Store { get; }

    /// <summary>The stream that is locked.</summary>
    public StreamId Stream { get; }

    /// <summary>The append that the writer is busy with: the second event of the stream.</summary>
    public Task<AppendResult> Blocked { get; }

    /// <summary>Blocks a writer of a store that is as <paramref name="store"/> is, also by another way to the server.</summary>
    public static async Task<BlockedWriter> CreateAsync(
        TestStore store, Action<PostgresOptions>? configure = null, NpgsqlDataSource? dataSource = null)
    {
        var stream = Some.Stream("blocked");
        await store.Store.AppendAsync(stream, Some.Events(stream, 1));
        var connection = await store.DataSource.OpenConnectionAsync();
        var transaction = await connection.BeginTransactionAsync();
        await connection.ExecuteAsync(
            store.Named($"select from {{s}}.streams where stream_id = '{stream.AggregateId}' for update"));

        var blocked = store.Reopen(dataSource, (options => options.MaxWriters = 1) + configure).Store;
        var append = blocked.AppendAsync(stream, Some.Events(stream, 1));
        await Eventually.TrueAsync(() => store.DataSource.ScalarAsync<bool>(
            $"select exists (select from pg_locks where not granted and {connection.ProcessID} = any (pg_blocking_pids(pid)))"));
        return new BlockedWriter(blocked, stream, append, connection, transaction);
    }

    /// <summary>Ends the session of the writer, as a crash of it would.</summary>
    public Task KillWriterAsync() => _connection.ExecuteAsync(
        $"select pg_terminate_backend(pid) from pg_locks where not granted and {_connection.ProcessID} = any (pg_blocking_pids(pid))");

    public async Task ReleaseAsync()
    {
        await _transaction.RollbackAsync();
        await Blocked;
    }

    public async ValueTask DisposeAsync()
    {
        await _transaction.DisposeAsync();
        await _connection.DisposeAsync();
    }
}
