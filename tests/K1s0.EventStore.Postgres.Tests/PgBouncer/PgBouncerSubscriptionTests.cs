using K1s0.EventStore.Conformance;
using K1s0.EventStore.Postgres.Tests.Doorbell;

namespace K1s0.EventStore.Postgres.Tests.Bouncing;

/// <summary>Subscriptions behind a pooler in transaction mode.</summary>
public sealed class PgBouncerSubscriptionTests(BouncedDatabase database) : IClassFixture<BouncedDatabase>, IDisposable
{
    private readonly CancellationTokenSource _limit = new(Eventually.Milliseconds);

    [Fact]
    public async Task Of_two_owners_one_runs_and_the_other_takes_over_when_its_lease_ends()
    {
        var store = await database.NewStoreAsync();
        var ledger = await Subscriptions.Ledger.CreateAsync(store);
        using var live = new LiveFeed(store.Store);
        using var leases = new SubscriptionLeases(store.Leases);
        using var others = new SubscriptionLeases(store.Leases);

        // The first one loses its lease only by ending; the second one asks for it as often as its own says.
        var first = new RunningSubscription(Subscribe(ledger, live, leases, TimeSpan.FromHours(1)), _limit.Token);
        await first.StatusAsync(status => status.State is SubscriptionState.Live);
        await using var second = new RunningSubscription(
            Subscribe(ledger, live, others, TimeSpan.FromSeconds(5)), _limit.Token);
        await second.StatusAsync(status => status.State is SubscriptionState.StandingBy);
        await store.Store.AppendAsync([Some.Append(Some.Stream(), 20)], _limit.Token);
        await first.StatusAsync(status => status.HandledEvents == 20);

        await first.DisposeAsync();
        await store.Store.AppendAsync([Some.Append(Some.Stream(), 20)], _limit.Token);
        await second.StatusAsync(status => status.HandledEvents == 20);

        (await ledger.EffectsAsync()).Should().Equal((await store.FeedAsync()).Select(envelope => envelope.Id));
    }

    [Fact]
    public async Task Nothing_is_listened_to_through_the_pooler_and_events_arrive_by_asking()
    {
        var store = await database.NewStoreAsync();
        var handler = new RecordingHandler();
        using var logs = new Telemetry.RecordedLog();
        using var live = new LiveFeed(store.Store);
        await using var doorbell = new RunningDoorbell(
            new PostgresDoorbell(store.Store, store.DataSource, store.Options, live, loggerFactory: logs));
        await using var running = new RunningSubscription(
            new Subscription("follower", handler, live, store.Checkpoints), _limit.Token);
        await Eventually.TrueAsync(() => Task.FromResult(
            logs.Entries.Any(entry => entry.Id.Name is "DoorbellBehindPooler")));

        await store.Store.AppendAsync([Some.Append(Some.Stream(), 3)], _limit.Token);
        await handler.HandledAsync(3, _limit.Token);

        live.HasDoorbell.Should().BeFalse();
        (await database.Direct.ScalarAsync<long>(
            "select count(*) from pg_stat_activity where query like '%listen k1s0_event_store%' "
            + "and pid <> pg_backend_pid()")).Should().Be(0);
    }

    [Fact]
    public async Task The_listener_goes_past_the_pooler_where_it_is_told_to()
    {
        var store = (await database.NewStoreAsync()).Reopen(configure: options =>
            options.DoorbellConnectionString = database.Direct.ConnectionString);
        var handler = new RecordingHandler();
        var never = TimeSpan.FromHours(1);
        using var live = new LiveFeed(
            store.Store, new LiveFeedOptions { PollInterval = never, RestingPollInterval = never });
        await using var doorbell = await RunningDoorbell.ListeningAsync(
            new PostgresDoorbell(store.Store, store.DataSource, store.Options, live), live);
        await using var running = new RunningSubscription(
            new Subscription("follower", handler, live, store.Checkpoints), _limit.Token);
        await running.StatusAsync(status => status.State is SubscriptionState.Live);
        var other = store.Reopen();
        await using var ringing = new RunningDoorbell(
            new PostgresDoorbell(other.Store, other.DataSource, other.Options));

        await other.Store.AppendAsync([Some.Append(Some.Stream(), 3)], _limit.Token);

        await handler.HandledAsync(3, _limit.Token);
        handler.Handled.Should().HaveCount(3);
    }

    public void Dispose() => _limit.Dispose();

    private static Subscription Subscribe(
        Subscriptions.Ledger ledger, LiveFeed live, SubscriptionLeases leases, TimeSpan leaseDuration)
    {
        var store = ledger.Store;
        var options = new SubscriptionOptions { LeaseDuration = leaseDuration, BatchSize = 7 };
        return new Subscription(
            "shared",
            new PostgresAtomicHandler(store.DataSource, ledger, store.Options, options.LeaseDuration),
            live,
            store.Checkpoints,
            options,
            leases: leases);
    }
}
