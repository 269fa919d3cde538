using System.Globalization;
using K1s0.EventStore.TestServers;
using Npgsql;

namespace K1s0.EventStore.Postgres.Tests;

/// <summary>A database of a test class. Each test makes its own store in it, in a schema of its own.</summary>
public sealed class StoreDatabase : IAsyncLifetime
{
    private TestDatabase? _database;
    private int _stores;

    public NpgsqlDataSource DataSource { get; private set; } = null!;

    public string ConnectionString => _database!.ConnectionString;

    public async ValueTask InitializeAsync()
    {
        _database = await SharedPostgres.CreateDatabaseAsync();
        DataSource = NpgsqlDataSource.Create(ConnectionString);
    }

    public async ValueTask DisposeAsync()
    {
        await DataSource.DisposeAsync();
        if (_database is not null)
        {
            await _database.DisposeAsync();
        }
    }

    /// <summary>A schema name that no other test of the class has.</summary>
    public string NewSchemaName() =>
        string.Create(CultureInfo.InvariantCulture, $"store_{Interlocked.Increment(ref _stores)}");

    /// <summary>A migrated store in a new schema.</summary>
    public Task<TestStore> NewStoreAsync(Action<PostgresOptions>? configure = null, string? schema = null) =>
        TestStore.CreateAsync(DataSource, schema ?? NewSchemaName(), configure);

    /// <summary>The connection string with something changed.</summary>
    public string With(Action<NpgsqlConnectionStringBuilder> change)
    {
        var builder = new NpgsqlConnectionStringBuilder(ConnectionString);
        change(builder);
        return builder.ConnectionString;
    }

    /// <summary>A data source whose sessions have another role's rights.</summary>
    public NpgsqlDataSource As(string role) =>
        NpgsqlDataSource.Create(With(connection => connection.Options = $"-c role={role}"));
}
