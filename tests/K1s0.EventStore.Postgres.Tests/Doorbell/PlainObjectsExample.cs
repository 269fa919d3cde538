using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Postgres.Tests.Doorbell;

/// <summary>The example of the README for programs without a container.</summary>
public sealed class PlainObjectsExample(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    [Fact]
    public async Task A_subscription_with_lease_and_doorbell_follows()
    {
        using var limit = new CancellationTokenSource(Eventually.Milliseconds);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(limit.Token);
        var test = await database.NewStoreAsync();
        var (store, dataSource, options) = (test.Store, test.DataSource, test.Options);
        var (checkpoints, handler) = (test.Checkpoints, new RecordingHandler());

        // snippet: plain-subscription
        using var live = new LiveFeed(store);
        using var leases = new SubscriptionLeases(new PostgresLeaseStore(dataSource, options));
        var mailer = new Subscription("mailer", handler, live, checkpoints, leases: leases);
        var doorbell = new PostgresDoorbell(store, dataSource, options, live);
        var running = Task.WhenAll(mailer.RunAsync(stop.Token), doorbell.RunAsync(stop.Token));

        // end-snippet
        await store.AppendAsync([Some.Append(Some.Stream(), 3)], limit.Token);
        await handler.HandledAsync(3, limit.Token);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        (await checkpoints.LoadAsync("mailer", limit.Token))!.Position.Should().Be(mailer.GetStatus().Position);
    }
}
