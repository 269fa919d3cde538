using K1s0.EventStore.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace K1s0.EventStore.Samples.GitHistory;

/// <summary>The one place that knows which store is used: everything else is written against its roles.</summary>
internal static class StoreChoice
{
    public static void AddStore(IServiceCollection services, HistoryArguments arguments)
    {
        // A commit is one append as long as it changes no more files than this.
        var builder = services.AddEventStore(options => options.MaxStreamsPerAppend = 1_000);
        if (arguments.Postgres is null)
        {
            builder.UseInMemory();
            return;
        }

        builder.UsePostgres(options =>
        {
            options.ConnectionString = arguments.Postgres;
            options.Schema = arguments.Schema;
        });
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

    public static string Describe(HistoryArguments arguments) =>
        arguments.Postgres is null ? "in memory" : $"PostgreSQL, schema {arguments.Schema}";
}
