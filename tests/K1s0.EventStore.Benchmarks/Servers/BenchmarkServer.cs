using K1s0.EventStore.TestServers;

namespace K1s0.EventStore.Benchmarks.Servers;

/// <summary>The PostgreSQL that both sides use: one that was named, or one of our own that ends with us.</summary>
internal sealed class BenchmarkServer : IAsyncDisposable
{
    private readonly PostgresServer? _own;
    private readonly string _connectionString;

    private BenchmarkServer(PostgresServer? own, string connectionString) =>
        (_own, _connectionString) = (own, connectionString);

    /// <summary>Uses the server of the connection string, or starts one when there is none.</summary>
    public static async Task<BenchmarkServer> StartAsync(string? connectionString)
    {
        if (connectionString is not null)
        {
            return new BenchmarkServer(null, connectionString);
        }

        // Both sides alike. Room enough that neither is measured while a checkpoint runs for the other.
        var own = await PostgresServer.StartAsync(new PostgresServerOptions
        {
            Fsync = true,
            Settings = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["synchronous_commit"] = "on",
                ["shared_buffers"] = "1GB",
                ["max_wal_size"] = "8GB",
                ["checkpoint_timeout"] = "1h",
                ["wal_level"] = "replica",
                ["max_connections"] = "300",
            },
        });
        return new BenchmarkServer(own, own.ConnectionString());
    }

    /// <summary>An empty database with the tables of both sides.</summary>
    /// <param name="sessionSettings">Settings of every session of both sides, in the form of <c>Options</c>.</param>
    public async Task<BenchmarkDatabase> CreateDatabaseAsync(string sessionSettings = "") =>
        await BenchmarkDatabase.CreateAsync(await TestDatabase.CreateAsync(_connectionString), sessionSettings);

    public ValueTask DisposeAsync() => _own?.DisposeAsync() ?? ValueTask.CompletedTask;
}
