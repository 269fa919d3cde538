using K1s0.EventStore.TestServers;
using Npgsql;

[assembly: AssemblyFixture(typeof(K1s0.EventStore.Postgres.Tests.PostgresFixture))]

namespace K1s0.EventStore.Postgres.Tests;

/// <summary>One migrated database for all tests that share a store; tests that need their own make one.</summary>
public sealed class PostgresFixture : IAsyncLifetime
{
    private TestDatabase? _database;

    public NpgsqlDataSource DataSource { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        _database = await SharedPostgres.CreateDatabaseAsync();
        DataSource = NpgsqlDataSource.Create(_database.ConnectionString);
        await new PostgresSchema(DataSource).MigrateAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await DataSource.DisposeAsync();
        if (_database is not null)
        {
            await _database.DisposeAsync();
        }
    }
}
