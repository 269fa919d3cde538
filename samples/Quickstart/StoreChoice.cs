using K1s0.EventStore.Samples.Quickstart.Domain;
using Microsoft.Extensions.DependencyInjection;

namespace K1s0.EventStore.Samples.Quickstart;

/// <summary>The one place that knows which store is used: everything else is written against its roles.</summary>
internal static class StoreChoice
{
    public static void AddStore(IServiceCollection services, string? postgres)
    {
        // snippet: quickstart-register
        var builder = services.AddEventStore(options =>
        {
            options.SnapshotInterval = 10;
            options.SerializerOptions = OrderJson.Default.Options;
        });
        // end-snippet
        if (postgres is null)
        {
            builder.UseInMemory();
            services.AddSingleton<ITampering, TamperingWithCopy>();
            return;
        }

        throw new NotSupportedException("This build of the sample has no PostgreSQL store.");
    }

    /// <summary>Makes the store ready: creates its tables where it has any.</summary>
    public static Task PrepareAsync(IServiceProvider provider, CancellationToken cancellationToken) =>
        Task.CompletedTask;

    public static string Describe(string? postgres) => postgres is null ? "in memory" : "PostgreSQL, schema quickstart";
}
