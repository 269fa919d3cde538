using K1s0.EventStore.TestServers;
using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.Crash;

/// <summary>A store that is reached directly, and through a proxy that cuts connections.</summary>
public sealed class CutFixture : IAsyncLifetime
{
    private readonly StoreDatabase _database = new();

    /// <summary>Through the proxy, each connection a new one.</summary>
    public NpgsqlDataSource DataSource { get; private set; } = null!;

    public PostgresProxy Proxy { get; private set; } = null!;

    /// <summary>Past the proxy: what is really there.</summary>
    public TestStore Direct { get; private set; } = null!;

    internal StoredAppends Stored => new(Direct);

    public async ValueTask InitializeAsync()
    {
        await _database.InitializeAsync();
        Direct = await _database.NewStoreAsync();
        Proxy = PostgresProxy.Start(_database.ConnectionString);

        // A connection of its own for each use, so that every conversation is the same.
        DataSource = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(Proxy.ConnectionString) { Pooling = false });

        // The first connection of a data source asks the server for its types, which is not to be counted.
        await using var first = await DataSource.OpenConnectionAsync();
    }

    /// <summary>The store through the proxy, as a process that has seen nothing yet.</summary>
    public TestStore Through(int maxRetries) => Direct.Reopen(DataSource, options => options.MaxRetries = maxRetries);

    public async ValueTask DisposeAsync()
    {
        await DataSource.DisposeAsync();
        await Proxy.DisposeAsync();
        await _database.DisposeAsync();
    }
}
