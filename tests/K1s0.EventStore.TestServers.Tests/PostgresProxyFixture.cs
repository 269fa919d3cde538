using Npgsql;

namespace K1s0.EventStore.TestServers.Tests;

/// <summary>A database with one table, reached directly and through a proxy.</summary>
public sealed class PostgresProxyFixture : IAsyncLifetime
{
    private TestDatabase _database = null!;
    private int _lastId;

    public PostgresProxy Proxy { get; private set; } = null!;

    /// <summary>Opens a connection of its own for each use, through the proxy.</summary>
    public NpgsqlDataSource Through { get; private set; } = null!;

    public string Direct => _database.ConnectionString;

    public async ValueTask InitializeAsync()
    {
        _database = await SharedPostgres.CreateDatabaseAsync();
        await Sql.ExecuteAsync(Direct, "CREATE TABLE written (id int PRIMARY KEY, body bytea)");
        Proxy = PostgresProxy.Start(Direct);
        Through = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(Proxy.ConnectionString)
        {
            Pooling = false,
            ApplicationName = "through",
        });

        // The first connection of a data source asks the server for its types, which is not to be counted.
        await using var first = await Through.OpenConnectionAsync();
    }

    /// <summary>The key of a row that nobody has written yet.</summary>
    public int NextId() => Interlocked.Increment(ref _lastId);

    public Task<bool> IsWrittenAsync(int id) =>
        Sql.ScalarAsync<bool>(Direct, $"SELECT EXISTS (SELECT FROM written WHERE id = {id})");

    /// <summary>The sessions that came through the proxy and that the server has not ended yet.</summary>
    public Task<int[]> SessionsAsync() => Sql.ScalarAsync<int[]>(
        Direct, "SELECT coalesce(array_agg(pid), '{}') FROM pg_stat_activity WHERE application_name = 'through'");

    public async ValueTask DisposeAsync()
    {
        await Through.DisposeAsync();
        await Proxy.DisposeAsync();
        await _database.DisposeAsync();
    }
}
