using K1s0.EventStore.TestServers;
using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.Bouncing;

/// <summary>A server behind PgBouncer in transaction mode, with two connections to the server for everybody.</summary>
public sealed class BouncedDatabase : IAsyncLifetime
{
    private PostgresServer? _server;
    private PgBouncer? _bouncer;

    /// <summary>Through PgBouncer.</summary>
    public NpgsqlDataSource DataSource { get; private set; } = null!;

    /// <summary>Past PgBouncer.</summary>
    public NpgsqlDataSource Direct { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await PostgresServer.StartAsync();
        _bouncer = await PgBouncer.StartAsync(_server, new PgBouncerOptions { PoolSize = 2 });
        DataSource = NpgsqlDataSource.Create(_bouncer.ConnectionString());
        Direct = NpgsqlDataSource.Create(_server.ConnectionString());
    }

    public async ValueTask DisposeAsync()
    {
        await DataSource.DisposeAsync();
        await Direct.DisposeAsync();
        if (_bouncer is not null)
        {
            await _bouncer.DisposeAsync();
        }

        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }

    /// <summary>A store whose schema was made through PgBouncer.</summary>
    public Task<TestStore> NewStoreAsync() => TestStore.CreateAsync(
        DataSource, $"store_{Guid.CreateVersion7():N}", options => options.PrepareStatements = false);
}
