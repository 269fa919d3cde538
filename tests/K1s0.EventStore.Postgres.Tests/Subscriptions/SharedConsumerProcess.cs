using System.Globalization;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.Subscriptions;

/// <summary>
/// A process that shares two subscriptions with others, one exactly once and one at least once, and says what happens to
/// them. In the middle of a named event of one of them it stands still, until it gets an advisory lock that the test
/// holds.
/// </summary>
internal static class SharedConsumerProcess
{
    public const string Role = "shared-consumer";
    public const string ExactlyOnce = "shared-exactly-once";
    public const string AtLeastOnce = "shared-at-least-once";
    public const string Stands = "stands";

    // Short enough to wait until it has run out, long enough that a busy machine renews in time.
    private static readonly TimeSpan LeaseDuration = TimeSpan.FromSeconds(6);
    private static readonly Lock Output = new();

    public static async Task<int> RunAsync(string[] args)
    {
        var (connectionString, schema, owner) = (args[0], args[1], args[2]);
        var (standIn, standAt) = (args[3], long.Parse(args[4], CultureInfo.InvariantCulture));
        await using var dataSource = NpgsqlDataSource.Create(connectionString);
        var options = new PostgresOptions { Schema = schema };
        await using var store = new PostgresEventStore(dataSource, options);
        var checkpoints = new PostgresCheckpointStore(dataSource, options);
        using var live = new LiveFeed(store);
        using var leases = new SubscriptionLeases(new PostgresLeaseStore(dataSource, options));
        using var logs = new Reporter();
        async Task StandAsync(string subscription, EventEnvelope envelope)
        {
            if (string.Equals(subscription, standIn, StringComparison.Ordinal) && envelope.Position.Value == standAt)
            {
                Report(Stands);
                await dataSource.ExecuteAsync("select pg_advisory_lock(1), pg_advisory_unlock(1)");
            }
        }

        SubscriptionOptions Options() => new()
        {
            Owner = owner,
            BatchSize = 5,
            Lanes = 2,
            CheckpointInterval = TimeSpan.FromMilliseconds(5),
            RetryDelay = TimeSpan.FromMilliseconds(10),
            LeaseDuration = LeaseDuration,
        };
        var exactly = new Subscription(
            ExactlyOnce,
            new PostgresAtomicHandler(
                dataSource, new Effects(schema, owner, StandAsync), options, LeaseDuration),
            live,
            checkpoints,
            Options(),
            loggerFactory: logs,
            leases: leases);
        var atLeast = new Subscription(
            AtLeastOnce,
            new Seen(dataSource, schema, owner, StandAsync),
            live,
            checkpoints,
            Options(),
            loggerFactory: logs,
            leases: leases);
        await Task.WhenAll(exactly.RunAsync(), atLeast.RunAsync());
        return 0;
    }

    private static void Report(string line)
    {
        // One line at a time: two subscriptions report.
        lock (Output)
        {
            Console.WriteLine(line);
            Console.Out.Flush();
        }
    }

    // All owners add to one row: who is frozen in the middle holds its lock.
    private sealed class Effects(string schema, string owner, Func<string, EventEnvelope, Task> stand)
        : ITransactionalHandler
    {
        public async Task HandleAsync(
            EventEnvelope envelope, NpgsqlTransaction transaction, CancellationToken cancellationToken)
        {
            await using var command = new NpgsqlCommand(
                $"with counted as (update {schema}.totals set events = events + 1 returning events) "
                + $"insert into {schema}.effects (event_id, owner) select $1, $2 from counted",
                transaction.Connection,
                transaction);
            command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = envelope.Id });
            command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = owner });
            await command.ExecuteNonQueryAsync(cancellationToken);
            await stand(ExactlyOnce, envelope);
        }
    }

    private sealed class Seen(
        NpgsqlDataSource dataSource, string schema, string owner, Func<string, EventEnvelope, Task> stand)
        : ISubscriptionHandler
    {
        public async ValueTask HandleAsync(EventEnvelope envelope, CancellationToken cancellationToken)
        {
            await stand(AtLeastOnce, envelope);
            await using var command = dataSource.CreateCommand(
                $"insert into {schema}.seen (event_id, owner) values ($1, $2)");
            command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = envelope.Id });
            command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = owner });
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    // Says what the subscriptions log: the name of the event and of the subscription.
    private sealed class Reporter : ILoggerFactory, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            var values = (IReadOnlyList<KeyValuePair<string, object?>>)state!;
            var subscription = values.First(value => value.Key is "Subscription").Value;
            Report(string.Create(CultureInfo.InvariantCulture, $"{eventId.Name} {subscription}"));
        }

        public void Dispose()
        {
            // Nothing is held.
        }
    }
}
