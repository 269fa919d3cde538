using System.Globalization;
using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.Projections;

/// <summary>
/// A process that keeps a projection and rebuilds it, again and again, and says how far it is. It runs until it is
/// killed.
/// </summary>
internal static class ProjectionProcess
{
    public const string Role = "projection";
    public const string Name = "balances";
    public const string Rebuilt = "rebuilt";

    public static async Task<int> RunAsync(string[] args)
    {
        var (connectionString, schema) = (args[0], args[1]);
        await using var dataSource = NpgsqlDataSource.Create(connectionString);
        var options = new PostgresOptions { Schema = schema };
        await using var store = new PostgresEventStore(dataSource, options);
        using var live = new LiveFeed(store);
        var projection = new Balances(schema);
        var following = new Subscription(
            Name,
            new ProjectionHandler(dataSource, projection, options),
            live,
            new PostgresCheckpointStore(dataSource, options),
            new SubscriptionOptions { BatchSize = 5 }).RunAsync();
        var rebuilder = new ProjectionRebuilder(dataSource, Name, projection, options);
        while (!following.IsCompleted)
        {
            await rebuilder.RebuildAsync(new RebuildOptions { BatchSize = 10, Lanes = 3 }, new Lines());
            Console.WriteLine(Rebuilt);
        }

        await following;
        return 1;
    }

    private sealed class Lines : IProgress<RebuildProgress>
    {
        public void Report(RebuildProgress value) =>
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{value.Stage} {value.Events}"));
    }
}
