using K1s0.EventStore.Conformance;
using K1s0.EventStore.TestServers;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.Subscriptions;

/// <summary>Live subscriptions of both kinds, with leases and doorbell, whose server goes away and comes back.</summary>
public sealed class OutageTests
{
    private static readonly SubscriptionOptions Options = new()
    {
        RetryDelay = TimeSpan.FromMilliseconds(20),
        MaxRetryDelay = TimeSpan.FromMilliseconds(100),
        LeaseDuration = TimeSpan.FromHours(1),
    };

    // B14. A peer's loop died in a short outage, and its health stayed green.
    [Theory]
    [InlineData(nameof(PostgresServer.KillAsync))]
    [InlineData(nameof(PostgresServer.StopAsync))]
    [InlineData(nameof(PostgresServer.StopImmediateAsync))]
    [Trait("PeerBug", "B14")]
    public async Task Subscriptions_say_that_the_server_is_gone_and_go_on_by_themselves_when_it_is_back(string ending)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(10));
        await using var server = await PostgresServer.StartAsync();
        await using var dataSource = NpgsqlDataSource.Create(server.ConnectionString());
        var store = await TestStore.CreateAsync(dataSource, "outage");
        var (handler, ledger) = (new RecordingHandler(), await Ledger.CreateAsync(store));
        using var live = new LiveFeed(store.Store);
        using var leases = new SubscriptionLeases(store.Leases);
        await using var doorbell = await Doorbell.RunningDoorbell.ListeningAsync(
            new PostgresDoorbell(store.Store, dataSource, store.Options, live), live);
        await using var plain = new RunningSubscription(
            new Subscription("follower", handler, live, store.Checkpoints, Options, leases: leases), limit.Token);
        await using var exact = new RunningSubscription(
            new Subscription(
                "ledger",
                new PostgresAtomicHandler(dataSource, ledger, store.Options, Options.LeaseDuration),
                live,
                store.Checkpoints,
                Options,
                leases: leases),
            limit.Token);
        RunningSubscription[] both = [plain, exact];
        var stream = Some.Stream();
        await store.Store.AppendAsync([Some.Append(stream, 3)], limit.Token);
        await AllAsync(both, status => status.State is SubscriptionState.Live && status.HandledEvents == 3);

        await (ending switch
        {
            nameof(PostgresServer.KillAsync) => server.KillAsync(),
            nameof(PostgresServer.StopAsync) => server.StopAsync(),
            _ => server.StopImmediateAsync(),
        });
        await AllAsync(both, status => status is { State: SubscriptionState.Restarting, Restarts: >= 2 });
        var health = await new SubscriptionHealthCheck(both.Select(running => running.Subscription))
            .CheckHealthAsync(new HealthCheckContext(), limit.Token);
        await server.StartAgainAsync();

        // The leases have not run out, and are still theirs.
        var appended = await store.Reopen().Store.AppendAsync([Some.Append(stream, 3)], limit.Token);

        // A server that was killed gives out higher numbers than the next ones, and the feed passes those in between.
        var last = appended[0].LastPosition;
        await AllAsync(both, status => status.State is SubscriptionState.Live && status.Position >= last);

        health.Status.Should().NotBe(HealthStatus.Healthy);
        handler.Handled.DistinctBy(envelope => envelope.Id).Select(envelope => envelope.Version)
            .Should().Equal(1, 2, 3, 4, 5, 6);
        (await ledger.EffectsAsync()).Should().Equal((await store.FeedAsync()).Select(envelope => envelope.Id));
        await Eventually.TrueAsync(() => Task.FromResult(live.HasDoorbell));
    }

    private static Task AllAsync(RunningSubscription[] all, Func<SubscriptionStatus, bool> condition) =>
        Task.WhenAll(all.Select(running => running.StatusAsync(condition)));
}
