using K1s0.EventStore.Conformance;
using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.Doorbell;

/// <summary>Who rings wakes up who listens. Where nobody would ask within the test, what arrives was rung for.</summary>
public sealed class DoorbellTests(StoreDatabase database) : IClassFixture<StoreDatabase>, IDisposable
{
    private static readonly LiveFeedOptions NeverAsks = new()
    {
        PollInterval = TimeSpan.FromHours(1),
        RestingPollInterval = TimeSpan.FromHours(1),
    };

    private readonly CancellationTokenSource _limit = new(Eventually.Milliseconds);

    [Fact]
    public async Task Appends_of_another_process_and_of_this_one_wake_up_who_follows()
    {
        var store = await database.NewStoreAsync();
        var handler = new RecordingHandler();
        using var live = new LiveFeed(store.Store, NeverAsks);
        await using var here = await RunningDoorbell.ListeningAsync(Doorbell(store, live), live);
        await using var running = await FollowAsync(store, live, handler);
        var other = store.Reopen();
        await using var there = new RunningDoorbell(Doorbell(other));

        await other.Store.AppendAsync([Some.Append(Some.Stream())], _limit.Token);
        await handler.HandledAsync(1, _limit.Token);
        await store.Store.AppendAsync([Some.Append(Some.Stream())], _limit.Token);
        await handler.HandledAsync(2, _limit.Token);
        await using (var connection = await store.DataSource.OpenConnectionAsync(_limit.Token))
        {
            await using var transaction = await connection.BeginTransactionAsync(_limit.Token);
            await other.Store.AppendAsync([Some.Append(Some.Stream())], transaction, _limit.Token);
            await transaction.CommitAsync(_limit.Token);
        }

        there.Doorbell.Ring();
        await handler.HandledAsync(3, _limit.Token);

        handler.Handled.Should().HaveCount(3);
    }

    [Fact]
    public async Task Many_appends_ring_once_and_once_more_a_hundredth_of_a_second_later()
    {
        var store = await database.NewStoreAsync();
        var time = new ManualTime(DateTimeOffset.UtcNow);
        await using var listener = await HearAsync(store.Name);
        await using var ringing = new RunningDoorbell(
            new PostgresDoorbell(store.Store, store.DataSource, store.Options, timeProvider: time));

        await store.Store.AppendAsync([Some.Append(Some.Stream())], _limit.Token);
        await listener.RungAsync(1, _limit.Token);
        for (var count = 0; count < 50; count++)
        {
            await store.Store.AppendAsync([Some.Append(Some.Stream())], _limit.Token);
        }

        await listener.ProbeAsync(_limit.Token);
        listener.Rung.Should().Be(1, "the time of the next ring has not come");

        // The rest begins a moment after the ring.
        var next = listener.RungAsync(2, _limit.Token);
        while (!next.IsCompleted)
        {
            time.Advance(TimeSpan.FromMilliseconds(10));
            await Task.Yield();
        }

        await next;
        time.Advance(TimeSpan.FromSeconds(1));
        await listener.ProbeAsync(_limit.Token);
        listener.Rung.Should().Be(2);
    }

    [Fact]
    public async Task Only_the_doorbells_own_statement_notifies()
    {
        // Inside of an append's transaction it would make all commits of the server wait for each other.
        await Task.CompletedTask;
        var assembly = typeof(PostgresDoorbell).Assembly;
        var notifying = assembly.GetManifestResourceNames()
            .Where(name =>
            {
                using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
                return reader.ReadToEnd().Contains("notify", StringComparison.OrdinalIgnoreCase);
            });

        notifying.Should().Equal("Sql/ring_doorbell");
    }

    // B14, B17. Losing the listener costs latency only.
    [Fact]
    public async Task Without_its_listener_events_are_asked_for_and_the_listener_comes_back()
    {
        var role = $"listener_{Guid.CreateVersion7():N}";
        await database.DataSource.ExecuteAsync($"create role {role} login");
        var store = await database.NewStoreAsync(options =>
            options.DoorbellConnectionString = database.With(connection => connection.Username = role));
        var handler = new RecordingHandler();
        using var live = new LiveFeed(
            store.Store,
            new LiveFeedOptions
            {
                PollInterval = TimeSpan.FromMilliseconds(5),
                RestingPollInterval = TimeSpan.FromHours(1),
            });
        await using var here = await RunningDoorbell.ListeningAsync(Doorbell(store, live), live);
        await using var running = await FollowAsync(store, live, handler);

        await database.DataSource.ExecuteAsync($"alter role {role} nologin");
        await TerminateAsync(role);
        await Eventually.TrueAsync(() => Task.FromResult(!live.HasDoorbell));
        await store.Reopen().Store.AppendAsync([Some.Append(Some.Stream(), 2)], _limit.Token);
        await handler.HandledAsync(2, _limit.Token);

        await database.DataSource.ExecuteAsync($"alter role {role} login");
        await Eventually.TrueAsync(() => Task.FromResult(live.HasDoorbell));
        await store.Store.AppendAsync([Some.Append(Some.Stream())], _limit.Token);
        await handler.HandledAsync(3, _limit.Token);
        running.Subscription.GetStatus().Restarts.Should().Be(0, "the subscription did not notice");
    }

    [Fact]
    public async Task A_connection_that_goes_back_to_its_pool_does_not_listen_any_more()
    {
        await using var pool = NpgsqlDataSource.Create(database.With(connection =>
            (connection.MaxPoolSize, connection.NoResetOnClose) = (1, true)));
        var store = (await database.NewStoreAsync()).Reopen(pool);
        using var live = new LiveFeed(store.Store, NeverAsks);
        await using (await RunningDoorbell.ListeningAsync(Doorbell(store, live), live))
        {
            (await ListeningAsync(database.DataSource)).Should().Be(1);
        }

        (await pool.ScalarAsync<long>("select count(*) from pg_listening_channels()")).Should().Be(0);
        live.HasDoorbell.Should().BeFalse();
    }

    [Fact]
    public async Task A_doorbell_runs_once_at_a_time_and_its_connection_string_is_checked()
    {
        var store = await database.NewStoreAsync();
        await using var running = new RunningDoorbell(Doorbell(store));
        await Eventually.TrueAsync(() => Task.FromResult(store.Store.Appended is not null));

        await Assert.ThrowsAsync<InvalidOperationException>(() => running.Doorbell.RunAsync(_limit.Token));
        var refusal = Assert.Throws<ArgumentException>(() => new PostgresDoorbell(
            store.Store, store.DataSource, new PostgresOptions { DoorbellConnectionString = "Hos=t" }));

        refusal.Message.Should().Contain(nameof(PostgresOptions.DoorbellConnectionString));
    }

    public void Dispose() => _limit.Dispose();

    private static PostgresDoorbell Doorbell(TestStore store, LiveFeed? live = null) =>
        new(store.Store, store.DataSource, store.Options, live);

    private static Task<long> ListeningAsync(NpgsqlDataSource dataSource) => dataSource.ScalarAsync<long>(
        """
        select count(*) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid() and query like '%listen k1s0_event_store%'
        """);

    private async Task TerminateAsync(string role) => (await database.DataSource.ColumnAsync<bool>(
        $"select pg_terminate_backend(pid) from pg_stat_activity where usename = '{role}'")).Should().Equal(true);

    private async Task<RunningSubscription> FollowAsync(TestStore store, LiveFeed live, RecordingHandler handler)
    {
        var running = new RunningSubscription(
            new Subscription("follower", handler, live, store.Checkpoints), _limit.Token);
        await running.StatusAsync(status => status.State is SubscriptionState.Live);
        return running;
    }

    private async Task<DoorbellEar> HearAsync(string schema)
    {
        var connection = await database.DataSource.OpenConnectionAsync(_limit.Token);
        return await DoorbellEar.OpenAsync(connection, schema, _limit.Token);
    }
}
