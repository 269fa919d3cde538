using K1s0.EventStore.Conformance;
using K1s0.EventStore.Postgres.Tests.Conformance;
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

    /// <summary>An instance of the store over the shared database.</summary>
    public Task<IConformanceStore> OpenStoreAsync(EventStoreOptions options, TimeProvider timeProvider) =>
        Task.FromResult<IConformanceStore>(new PostgresUnderTest(DataSource, options, timeProvider));

    public async ValueTask DisposeAsync()
    {
        await DataSource.DisposeAsync();
        if (_database is not null)
        {
            await _database.DisposeAsync();
        }
    }
}
