using K1s0.EventStore.Postgres;
using K1s0.EventStore.Samples.Quickstart.Domain;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Npgsql;

namespace K1s0.EventStore.Samples.Quickstart;

/// <summary>The one place that knows which store is used: everything else is written against its roles.</summary>
internal static class StoreChoice
{
    public const string Schema = "quickstart";

    public static void AddStore(IServiceCollection services, string? postgres)
    {
        var builder = services.AddEventStore(options =>
        {
            options.SnapshotInterval = 10;
            options.SerializerOptions = OrderJson.Default.Options;
        });
        if (postgres is null)
        {
            builder.UseInMemory();
            services.AddSingleton<ITampering, TamperingWithCopy>();
            return;
        }

        // The application owns its data source; the store uses the one that stands in the container.
        services.AddSingleton(_ => NpgsqlDataSource.Create(postgres));
        builder.UsePostgres(options => options.Schema = Schema);
        services.AddSingleton<ITampering, TamperingInDatabase>();
    }

    /// <summary>Makes the store ready: creates its tables where it has any. A host does that when it starts.</summary>
    /// <exception cref="UnusableStoreException">No server, no right, or a wrong setting.</exception>
    public static async Task PrepareAsync(IServiceProvider provider, CancellationToken cancellationToken)
    {
        try
        {
            if (provider.GetService<PostgresSchema>() is { } schema)
            {
                await schema.MigrateAsync(cancellationToken);
            }
        }
        catch (Exception e) when (e is EventStoreException or ArgumentException or OptionsValidationException)
        {
            throw new UnusableStoreException(e);
        }
    }

    public static string Describe(string? postgres) => postgres is null ? "in memory" : $"PostgreSQL, schema {Schema}";
}
