using Microsoft.Extensions.DependencyInjection;

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

        throw new FormatException("This build of the sample has no PostgreSQL store.");
    }

    /// <summary>Makes the store ready: creates its tables where it has any.</summary>
    public static Task PrepareAsync(IServiceProvider provider, CancellationToken cancellationToken) =>
        Task.CompletedTask;

    public static string Describe(HistoryArguments arguments) =>
        arguments.Postgres is null ? "in memory" : $"PostgreSQL, schema {arguments.Schema}";
}
