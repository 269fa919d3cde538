using K1s0.EventStore.Postgres;
using K1s0.EventStore.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Npgsql;

namespace K1s0.EventStore.Samples.Quickstart;

/// <summary>The one place that knows which store is used: everything else is written against its roles.</summary>
/// <param name="Postgres">How to connect to PostgreSQL, if that is used.</param>
/// <param name="SqliteFile">The SQLite file, if that is used.</param>
internal sealed record StoreChoice(string? Postgres = null, string? SqliteFile = null)
{
    public const string Schema = "quickstart";

    /// <summary>What the command line asks for; null when it cannot be understood.</summary>
    public static StoreChoice? Parse(IReadOnlyList<string> arguments) => arguments switch
    {
        [] => new StoreChoice(),
        ["--postgres", var connectionString] => new StoreChoice(Postgres: connectionString),
        ["--sqlite", var file] => new StoreChoice(SqliteFile: file),
        _ => null,
    };

    public void AddStore(IServiceCollection services)
    {
        var builder = services.AddEventStore();
        if (Postgres is not null)
        {
            // The application owns its data source; the store uses the one that stands in the container.
            services.AddSingleton(_ => NpgsqlDataSource.Create(Postgres));
            builder.UsePostgres(options => options.Schema = Schema);
            services.AddSingleton<ITampering, TamperingInDatabase>();
        }
        else if (SqliteFile is not null)
        {
            builder.UseSqlite(options => options.FilePath = SqliteFile);
            services.AddSingleton<ITampering, TamperingWithFile>();
        }
        else
        {
            builder.UseInMemory();
            services.AddSingleton<ITampering, TamperingWithCopy>();
        }
    }

    /// <summary>Makes the store ready: creates its tables where it has any. A host does that when it starts.</summary>
    /// <exception cref="UnusableStoreException">No server, no right, or a wrong setting.</exception>
    public async Task PrepareAsync(IServiceProvider provider, CancellationToken cancellationToken)
    {
        try
        {
            if (Postgres is not null)
            {
                await provider.GetRequiredService<PostgresSchema>().MigrateAsync(cancellationToken);
            }
            else if (SqliteFile is not null)
            {
                await provider.GetRequiredService<SqliteStoreFile>().OpenAsync(cancellationToken);
            }
        }
        catch (Exception e) when (e is EventStoreException or ArgumentException or OptionsValidationException)
        {
            throw new UnusableStoreException(e);
        }
    }

    public string Describe() =>
        Postgres is not null ? $"PostgreSQL, schema {Schema}"
        : SqliteFile is not null ? $"SQLite, file {SqliteFile}"
        : "in memory";
}
