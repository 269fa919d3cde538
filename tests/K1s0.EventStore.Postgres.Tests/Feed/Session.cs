using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.Feed;

/// <summary>A connection of its own, outside of every pool, for statements that a test interleaves by hand.</summary>
internal sealed class Session : IAsyncDisposable
{
    private readonly NpgsqlConnection _connection;

    private Session(NpgsqlConnection connection) => (_connection, ProcessId) = (connection, connection.ProcessID);

    /// <summary>The server process behind it, also when it is closed.</summary>
    public int ProcessId { get; }

    public static async Task<Session> OpenAsync(string connectionString, string applicationName = "by hand")
    {
        var builder = new NpgsqlConnectionStringBuilder(connectionString)
        {
            Pooling = false,
            ApplicationName = applicationName,
        };
        var connection = new NpgsqlConnection(builder.ConnectionString);
        await connection.OpenAsync();
        return new Session(connection);
    }

    public async Task<NpgsqlTransaction> BeginAsync() => await _connection.BeginTransactionAsync();

    public async Task ExecuteAsync(string sql)
    {
        await using var command = new NpgsqlCommand(sql, _connection);
        await command.ExecuteNonQueryAsync();
    }

    public async Task<T> ScalarAsync<T>(string sql)
    {
        await using var command = new NpgsqlCommand(sql, _connection);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    public async Task<List<T>> ListAsync<T>(string sql)
    {
        await using var command = new NpgsqlCommand(sql, _connection);
        await using var reader = await command.ExecuteReaderAsync();
        var values = new List<T>();
        while (await reader.ReadAsync())
        {
            values.Add(await reader.GetFieldValueAsync<T>(0));
        }

        return values;
    }

    public ValueTask DisposeAsync() => _connection.DisposeAsync();
}
