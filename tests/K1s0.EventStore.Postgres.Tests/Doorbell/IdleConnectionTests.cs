using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace K1s0.EventStore.Postgres.Tests.Doorbell;

public sealed class IdleConnectionTests(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    private const int Subscriptions = 50;
    private const int Samples = 200;
    private const string Application = "fifty-subscriptions";

    [Fact]
    public async Task Fifty_subscriptions_of_a_process_hold_at_most_three_connections_while_idle()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(10));
        var schema = database.NewSchemaName();
        using var host = Host(schema);
        await host.StartAsync(limit.Token);
        var seen = host.Services.GetRequiredService<Counting>();
        await host.Services.GetRequiredService<IEventAppender>()
            .AppendAsync([Some.Append(Some.Stream(), 3)], limit.Token);
        await Eventually.TrueAsync(() => Task.FromResult(seen.Handled == 3 * Subscriptions));
        var live = host.Services.GetRequiredService<LiveFeed>();
        await Eventually.TrueAsync(() => Task.FromResult(live.HasDoorbell));

        // Idle is when the last checkpoints are stored. What that has opened goes as the pool closes what is not used.
        var end = await host.Services.GetRequiredService<IFeedReader>().GetSettledBoundAsync(limit.Token);
        await Eventually.TrueAsync(async () => await database.DataSource.ScalarAsync<long>(
            $"select count(*) from {schema}.subscriptions where position = {end.Value}") == Subscriptions);
        await Eventually.TrueAsync(async () => (await LastStatementsAsync()).Count <= 3);
        for (var sample = 0; sample < Samples; sample++)
        {
            var last = await LastStatementsAsync();
            last.Count.Should().BeInRange(1, 3, "{0}", string.Join("\n", last));
        }

        host.Services.GetServices<Subscription>().Select(subscription => subscription.GetStatus().State)
            .Should().HaveCount(Subscriptions).And.AllBeEquivalentTo(SubscriptionState.Live);
        await host.StopAsync(limit.Token);
    }

    private IHost Host(string schema) => Registration.StoreHost.Build(services =>
    {
        var connectionString = database.With(connection =>
        {
            connection.ApplicationName = Application;
            connection.ConnectionIdleLifetime = 1;
            connection.ConnectionPruningInterval = 1;
        });
        services.AddSingleton<Counting>();
        var builder = services.AddEventStore().UsePostgres(options =>
        {
            options.ConnectionString = connectionString;
            options.Schema = schema;
            options.AllowUnsafeDurability = true;
        });
        for (var number = 0; number < Subscriptions; number++)
        {
            // Who waits for an answer about its lease for a tenth of it asks beside the others: a server that stands
            // still for a moment is not what is tested.
            builder.AddSubscription<Counting>(
                number.ToString(CultureInfo.InvariantCulture),
                options => options.LeaseDuration = TimeSpan.FromMinutes(1));
        }
    });

    private Task<IReadOnlyList<string>> LastStatementsAsync() => database.DataSource.ColumnAsync<string>(
        $"select coalesce(query, '') from pg_stat_activity where application_name = '{Application}'");

    private sealed class Counting : ISubscriptionHandler
    {
        private int _handled;

        public int Handled => Volatile.Read(ref _handled);

        public ValueTask HandleAsync(EventEnvelope envelope, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _handled);
            return ValueTask.CompletedTask;
        }
    }
}
