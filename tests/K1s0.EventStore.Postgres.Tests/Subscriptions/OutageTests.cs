using K1s0.EventStore.Conformance;
using K1s0.EventStore.TestServers;
using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.Subscriptions;

/// <summary>A live subscription whose server goes away and comes back.</summary>
public sealed class OutageTests
{
    [Fact]
    public async Task A_subscription_says_that_the_server_is_gone_and_goes_on_by_itself_when_it_is_back()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        await using var server = await PostgresServer.StartAsync();
        await using var dataSource = NpgsqlDataSource.Create(server.ConnectionString());
        var store = await TestStore.CreateAsync(dataSource, "outage");
        var handler = new RecordingHandler();
        using var live = new LiveFeed(store.Store);
        var options = new SubscriptionOptions { RetryDelay = TimeSpan.FromMilliseconds(20) };
        await using var running = new RunningSubscription(
            new Subscription("follower", handler, live, store.Checkpoints, options), limit.Token);
        var stream = Some.Stream();
        await store.Store.AppendAsync([Some.Append(stream, 3)], limit.Token);
        await handler.HandledAsync(3, limit.Token);

        await server.KillAsync();
        await running.StatusAsync(status => status is { State: SubscriptionState.Restarting, Restarts: >= 2 });
        var health = await new SubscriptionHealthCheck([running.Subscription]).CheckHealthAsync(new(), limit.Token);
        await server.StartAgainAsync();
        await store.Reopen().Store.AppendAsync([Some.Append(stream, 3)], limit.Token);
        await running.StatusAsync(status => status.State is SubscriptionState.Live && status.Position.Value >= 6);

        health.Status.Should().NotBe(Microsoft.Extensions.Diagnostics.HealthChecks.HealthStatus.Healthy);
        handler.Handled.DistinctBy(envelope => envelope.Id).Select(envelope => envelope.Version)
            .Should().Equal(1, 2, 3, 4, 5, 6);
    }
}
