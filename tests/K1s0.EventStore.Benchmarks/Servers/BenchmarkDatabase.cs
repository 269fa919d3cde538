using K1s0.EventStore.Postgres;
using K1s0.EventStore.TestServers;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace K1s0.EventStore.Benchmarks.Servers;

/// <summary>One database with the store, registered as an application would, and the plain tables beside it.</summary>
internal sealed class BenchmarkDatabase : IAsyncDisposable
{
    private readonly TestDatabase _database;
    private readonly ServiceProvider _services;
    private readonly NpgsqlDataSource _ours;

    private BenchmarkDatabase(TestDatabase database, NpgsqlDataSource ours, NpgsqlDataSource plain)
    {
        _database = database;
        _ours = ours;
        Plain = plain;
        var services = new ServiceCollection();
        services.AddSingleton(ours);
        services.AddEventStore().UsePostgres(options => options.Schema = "event_store");
        _services = services.BuildServiceProvider();
    }

    public IEventStore Store => _services.GetRequiredService<IEventStore>();

    public IEventAppender Appender => _services.GetRequiredService<IEventAppender>();

    public IFeedReader Feed => _services.GetRequiredService<IFeedReader>();

    public IStreamReader Streams => _services.GetRequiredService<IStreamReader>();

    public IStreamCatalog Catalog => _services.GetRequiredService<IStreamCatalog>();

    public ILedgerStore Ledger => _services.GetRequiredKeyedService<ILedgerStore>(string.Empty);

    public ILeaseStore Leases => _services.GetRequiredService<ILeaseStore>();

    public PostgresDoorbell Doorbell => _services.GetRequiredService<PostgresDoorbell>();

    /// <summary>Connections of the store, for another instance of it.</summary>
    public NpgsqlDataSource Ours => _ours;

    public ISnapshotStore Snapshots => _services.GetRequiredService<ISnapshotStore>();

    public ICheckpointStore Checkpoints => _services.GetRequiredService<ICheckpointStore>();

    /// <summary>Connections of the hand-written side; the store has its own.</summary>
    public NpgsqlDataSource Plain { get; }

    public static async Task<BenchmarkDatabase> CreateAsync(TestDatabase database, string sessionSettings)
    {
        var made = new BenchmarkDatabase(
            database,
            Connect(database, "benchmark ours", sessionSettings),
            Connect(database, "benchmark plain", sessionSettings));
        try
        {
            await made._services.GetRequiredService<PostgresSchema>().MigrateAsync();
            await made.ExecuteAsync("create_plain_tables");
            return made;
        }
        catch
        {
            await made.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs an embedded statement that may take long.</summary>
    public async Task ExecuteAsync(string statement, params long[] parameters)
    {
        await using var command = Plain.CreateCommand(PlainSql.Get(statement));
        command.CommandTimeout = 0;
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = parameter });
        }

        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Lets the server write out what it holds in memory; false when it denies the right to ask.</summary>
    public async Task<bool> TryCheckpointAsync()
    {
        try
        {
            await ExecuteAsync("checkpoint");
            return true;
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.InsufficientPrivilege)
        {
            return false;
        }
    }

    /// <summary>Version and settings of the server, in one line.</summary>
    public async Task<string> DescribeAsync()
    {
        await using var command = Plain.CreateCommand(PlainSql.Get("describe_server"));
        await using var reader = await command.ExecuteReaderAsync();
        await reader.ReadAsync();
        return $"PostgreSQL {reader.GetString(0)}, fsync {reader.GetString(1)}, synchronous_commit "
            + $"{reader.GetString(2)}, shared_buffers {reader.GetString(3)}";
    }

    public async ValueTask DisposeAsync()
    {
        await _services.DisposeAsync();
        await Plain.DisposeAsync();
        await _ours.DisposeAsync();
        await _database.DisposeAsync();
    }

    private static NpgsqlDataSource Connect(TestDatabase database, string name, string sessionSettings)
    {
        var builder = new NpgsqlConnectionStringBuilder(database.ConnectionString)
        {
            ApplicationName = name,
            MaxPoolSize = 200,

            // As the store sets it for itself when it is given a connection string. The hand-written side keeps its
            // connections, so it resets none either.
            NoResetOnClose = true,
        };
        if (sessionSettings.Length > 0)
        {
            builder.Options = sessionSettings;
        }

        return NpgsqlDataSource.Create(builder.ConnectionString);
    }
}
