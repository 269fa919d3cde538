using System.Globalization;
using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.Subscriptions;

/// <summary>
/// A process that follows the feed by two subscriptions, one exactly once and one at least once, and says how many
/// events it has handled. It runs until it is killed.
/// </summary>
internal static class ConsumerProcess
{
    public const string Role = "consumer";
    public const string ExactlyOnce = "exactly-once";
    public const string AtLeastOnce = "at-least-once";

    public static async Task<int> RunAsync(string[] args)
    {
        var (connectionString, schema) = (args[0], args[1]);
        await using var dataSource = NpgsqlDataSource.Create(connectionString);
        var options = new PostgresOptions { Schema = schema };
        await using var store = new PostgresEventStore(dataSource, options);
        var checkpoints = new PostgresCheckpointStore(dataSource, options);
        using var live = new LiveFeed(store);
        using var leases = new SubscriptionLeases(new PostgresLeaseStore(dataSource, options));
        var exactly = new Subscription(
            ExactlyOnce,
            new PostgresAtomicHandler(dataSource, new Effects(schema), options),
            live,
            checkpoints,
            new SubscriptionOptions { BatchSize = 5, PageSize = 20 },
            leases: leases);
        var atLeast = new Subscription(
            AtLeastOnce,
            new Seen(dataSource, schema),
            live,
            checkpoints,
            new SubscriptionOptions
            {
                Lanes = 4,
                PageSize = 20,
                MaxInFlight = 30,
                CheckpointInterval = TimeSpan.FromMilliseconds(5),
            },
            leases: leases);
        await Task.WhenAll(exactly.RunAsync(), atLeast.RunAsync());
        return 0;
    }

    private static void Report(EventEnvelope envelope)
    {
        Console.WriteLine(envelope.Position.Value.ToString(CultureInfo.InvariantCulture));
        Console.Out.Flush();
    }

    private sealed class Effects(string schema) : ITransactionalHandler
    {
        public async Task HandleAsync(
            EventEnvelope envelope, NpgsqlTransaction transaction, CancellationToken cancellationToken)
        {
            await using var command = new NpgsqlCommand(
                $"insert into {schema}.effects (event_id) values ($1)", transaction.Connection, transaction);
            command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = envelope.Id });
            await command.ExecuteNonQueryAsync(cancellationToken);
            Report(envelope);
        }
    }

    private sealed class Seen(NpgsqlDataSource dataSource, string schema) : ISubscriptionHandler
    {
        public async ValueTask HandleAsync(EventEnvelope envelope, CancellationToken cancellationToken)
        {
            await using var command = dataSource.CreateCommand($"insert into {schema}.seen (event_id) values ($1)");
            command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = envelope.Id });
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }
}
