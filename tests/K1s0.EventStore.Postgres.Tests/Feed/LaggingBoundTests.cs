using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Postgres.Tests.Feed;

/// <summary>
/// A process that is new to a store may be told a lower bound than another one was before. Who has read up to there
/// must wait, and not take it for a store that lost events.
/// </summary>
public sealed class LaggingBoundTests : IAsyncLifetime
{
    private const string Name = "follower";

    private readonly CancellationTokenSource _limit = new(TimeSpan.FromMinutes(10));
    private FeedStore _feed = null!;
    private Session _late = null!;
    private Position _last;

    public async ValueTask InitializeAsync()
    {
        // A writer reads the sequence, is held up, and locks that old value after others have come further.
        _feed = await FeedStore.CreateAsync();
        await _feed.AppendAsync(FeedStore.Orders, 3);
        _late = await _feed.OpenSessionAsync();
        var key = await _late.ScalarAsync<int>("select floor_key from event_store.store");
        var value = await _late.ScalarAsync<long>("select last_value from event_store.positions");
        await _feed.AppendAsync(FeedStore.Orders, 5);
        _last = await _feed.Store.GetSettledBoundAsync(_limit.Token);
        await RunAsync(_feed.Store);
        await _late.ExecuteAsync($"select pg_advisory_lock_shared({key}, {value})");
        (await _feed.BoundAsync()).Should().BeLessThan(_last.Value, "that is the situation to be tested");
    }

    public async ValueTask DisposeAsync()
    {
        await _late.DisposeAsync();
        await _feed.DisposeAsync();
        _limit.Dispose();
    }

    [Fact]
    public async Task A_subscription_that_starts_again_waits_for_the_bound_that_its_checkpoint_was_taken_under()
    {
        var feed = new AskedFeed(_feed.OpenAnother());
        var handler = new RecordingHandler();
        using var live = new LiveFeed(feed);
        await using var running = new RunningSubscription(
            new Subscription(Name, handler, live, new PostgresCheckpointStore(_feed.DataSource, _feed.Options)),
            _limit.Token);
        await feed.AskedAsync(2, running.Ended);

        await ReleaseAsync();
        await running.StatusAsync(status => status.State is SubscriptionState.Live);

        running.Subscription.GetStatus().Position.Should().BeGreaterThanOrEqualTo(_last);
        handler.Handled.Should().BeEmpty();
    }

    [Fact]
    public async Task A_replay_that_goes_on_behind_what_it_read_waits_for_the_bound()
    {
        var store = _feed.OpenAnother();
        var feed = new AskedFeed(store);
        var reading = ReadAsync(new Replay(feed, store), new ReplaySelection { After = new Position(_last.Value - 1) });
        await feed.AskedAsync(2, reading);

        await ReleaseAsync();

        (await reading).Should().ContainSingle().Which.Position.Should().Be(_last);
    }

    [Fact]
    public async Task A_position_that_was_never_given_out_is_of_another_feed_at_once()
    {
        var store = _feed.OpenAnother();

        var lost = await Assert.ThrowsAsync<FeedDivergedException>(
            () => ReadAsync(new Replay(store, store), new ReplaySelection { After = new Position(_last.Value + 1) }));

        lost.Position.Value.Should().Be(_last.Value + 1);
        (await store.GetLastPositionAsync(_limit.Token)).Should().Be(_last);
    }

    private async Task<List<EventEnvelope>> ReadAsync(Replay replay, ReplaySelection selection)
    {
        var events = new List<EventEnvelope>();
        await foreach (var envelope in replay.ReadAsync(selection, cancellationToken: _limit.Token))
        {
            events.Add(envelope);
        }

        return events;
    }

    private Task ReleaseAsync() => _late.ExecuteAsync("select pg_advisory_unlock_all()");

    private async Task RunAsync(PostgresEventStore store)
    {
        using var live = new LiveFeed(store);
        await new Subscription(
            Name,
            new RecordingHandler(),
            live,
            new PostgresCheckpointStore(_feed.DataSource, _feed.Options),
            new SubscriptionOptions { End = SubscriptionEnd.SettledBound }).RunAsync(_limit.Token);
    }

    private sealed class AskedFeed(PostgresEventStore store) : IFeedReader
    {
        private int _asked;

        public async Task AskedAsync(int count, Task user)
        {
            while (Volatile.Read(ref _asked) < count)
            {
                if (user.IsCompleted)
                {
                    await user;
                }

                await Task.Yield();
            }
        }

        public Task<StoreIdentity> GetIdentityAsync(CancellationToken cancellationToken = default) =>
            store.GetIdentityAsync(cancellationToken);

        public Task<Position> GetSettledBoundAsync(CancellationToken cancellationToken = default)
        {
            Interlocked.Increment(ref _asked);
            return store.GetSettledBoundAsync(cancellationToken);
        }

        public Task<Position> GetLastPositionAsync(CancellationToken cancellationToken = default) =>
            store.GetLastPositionAsync(cancellationToken);

        public Task<FeedPage> ReadFeedPageAsync(
            Position after,
            FeedFilter? filter = null,
            int maxCount = 1_000,
            CancellationToken cancellationToken = default) =>
            store.ReadFeedPageAsync(after, filter, maxCount, cancellationToken);
    }
}
