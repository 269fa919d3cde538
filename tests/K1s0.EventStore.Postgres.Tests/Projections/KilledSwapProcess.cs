using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.Projections;

/// <summary>
/// A process that rebuilds a projection once, and kills itself (SIGKILL) when a step of the swap was done: the driver's
/// log says which statement was executed.
/// </summary>
internal static class KilledSwapProcess
{
    public const string Role = "killed-swap";

    /// <summary>The step behind the last statement: committed, and nobody was told.</summary>
    public const string Commit = "commit";

    public static async Task<int> RunAsync(string[] args)
    {
        var (connectionString, schema, step) = (args[0], args[1], args[2]);
        var options = new PostgresOptions { Schema = schema };
        await using var plain = NpgsqlDataSource.Create(connectionString);
        await using var store = new PostgresEventStore(plain, options);
        await using var watched = new NpgsqlDataSourceBuilder(connectionString)
            .UseLoggerFactory(new Executioner(new SqlCatalog(new SchemaName(schema)), step))
            .Build();
        var hasGoneOn = false;
        var projection = new Balances(schema, async (_, context) =>
        {
            if (context.IsRebuilding && !hasGoneOn)
            {
                // The projection in use goes on while the new tables are filled: the swap has a rest to apply.
                hasGoneOn = true;
                await store.AppendAsync([.. Enumerable.Range(0, 5).Select(_ => Some.Append(Some.Stream()))]);
                await FollowAsync(plain, store, options, CancellationToken.None);
            }
        });
        await new ProjectionRebuilder(watched, ProjectionProcess.Name, projection, options)
            .RebuildAsync(new RebuildOptions { BatchSize = 10, Lanes = 1 });
        return 1;
    }

    /// <summary>Brings the tables in use to the end of the feed.</summary>
    public static async Task FollowAsync(
        NpgsqlDataSource dataSource, PostgresEventStore store, PostgresOptions options, CancellationToken token)
    {
        using var live = new LiveFeed(store);
        await new Subscription(
            ProjectionProcess.Name,
            new ProjectionHandler(dataSource, new Balances(options.Schema), options),
            live,
            new PostgresCheckpointStore(dataSource, options),
            new SubscriptionOptions { End = SubscriptionEnd.SettledBound }).RunAsync(token);
    }

    private sealed class Executioner(SqlCatalog sql, string step) : ILoggerFactory, ILogger
    {
        private readonly string _swap = FirstLine(sql["set_lock_timeout"]);
        private readonly string _last = FirstLine(sql["drop_rebuild_schema"]);
        private readonly string? _victim = step is Commit ? null : FirstLine(sql[step]);
        private bool _isInSwap;
        private bool _isAtItsEnd;

        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider)
        {
        }

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
            var text = formatter(state, exception);
            if (eventId.Name?.EndsWith("ExecutionCompleted", StringComparison.Ordinal) is true)
            {
                _isInSwap |= text.Contains(_swap, StringComparison.Ordinal);
                _isAtItsEnd |= _isInSwap && text.Contains(_last, StringComparison.Ordinal);
                if (_isInSwap && _victim is not null && text.Contains(_victim, StringComparison.Ordinal))
                {
                    Die();
                }
            }
            else if (_victim is null && _isAtItsEnd && eventId.Name is "CommittedTransaction")
            {
                Die();
            }
        }

        public void Dispose()
        {
        }

        // A file of SQL begins with a line that says what it does, up to the first name that is put in.
        private static string FirstLine(string statement) => statement.Split('\n', '{')[0];

        private void Die()
        {
            Console.WriteLine(step);
            Process.GetCurrentProcess().Kill();
        }
    }
}
