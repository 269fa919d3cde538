namespace K1s0.EventStore.Postgres.Tests.Feed;

/// <summary>Who does not append to this store does not hold back its feed.</summary>
public sealed class BystanderTests : IAsyncLifetime
{
    private FeedStore _feed = null!;
    private FeedStore _neighbour = null!;

    public async ValueTask InitializeAsync()
    {
        _feed = await FeedStore.CreateAsync();
        _neighbour = await FeedStore.CreateAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _neighbour.DisposeAsync();
        await _feed.DisposeAsync();
    }

    [Fact]
    [Trait("PeerBug", "B03")]
    public async Task A_transaction_in_another_database_freezes_a_reader_that_waits_for_transaction_ids_but_not_ours()
    {
        await using var foreign = await _neighbour.OpenSessionAsync();
        var foreignTransaction = await foreign.BeginAsync();
        await foreign.ExecuteAsync("select pg_current_xact_id()");
        var position = await _feed.AppendAsync(FeedStore.Orders);

        (await ReadBelowOldestTransactionAsync()).Should().BeEmpty("transaction ids belong to the whole server");
        (await _feed.BoundAsync()).Should().Be(position);
        (await _feed.ReadFeedAsync()).Should().Equal(position);

        await foreignTransaction.RollbackAsync(TestContext.Current.CancellationToken);
        await _feed.UntilAsync(
            "select count(*) = 1 from event_store.events "
            + "where xmin::text::bigint < pg_snapshot_xmin(pg_current_snapshot())::text::bigint");
        (await ReadBelowOldestTransactionAsync()).Should().Equal(position);
    }

    [Theory]
    [InlineData("select pg_current_xact_id()")]
    [InlineData("create table event_store.notes (note text); insert into event_store.notes values ('old')")]
    [InlineData("select * from event_store.events; select * from event_store.settled_bound()")]
    [InlineData("select event_store.publish_bound()")]
    [InlineData("select pg_advisory_xact_lock_shared(floor_key + 1, 2) from event_store.store")]
    public async Task An_old_transaction_of_our_own_database_that_does_not_append_is_no_obstacle(string work)
    {
        await using var old = await _feed.OpenSessionAsync();
        await old.BeginAsync();
        await old.ExecuteAsync(work);

        await AssertNothingHoldsBackAsync();
    }

    [Theory]
    [InlineData("select pg_advisory_lock_shared((floor_key::bigint << 32) | 3) from event_store.store")]
    [InlineData("select pg_advisory_lock((floor_key::bigint << 32) | 3) from event_store.store")]
    [InlineData("select pg_advisory_lock_shared(floor_key::bigint) from event_store.store")]
    [InlineData("select pg_advisory_lock(floor_key, 3) from event_store.store")]
    [InlineData("select pg_advisory_lock_shared(3, floor_key) from event_store.store")]
    [Trait("PeerBug", "B03")]
    public async Task Advisory_locks_of_other_applications_are_no_obstacle(string locking)
    {
        await _feed.AppendAsync(FeedStore.Orders, 5);
        await using var other = await _feed.OpenSessionAsync();
        await other.ExecuteAsync(locking);

        await AssertNothingHoldsBackAsync();
    }

    [Fact]
    public async Task A_lock_that_is_waited_for_is_no_obstacle()
    {
        await _feed.AppendAsync(FeedStore.Orders, 5);
        await using var holder = await _feed.OpenSessionAsync();
        await holder.ExecuteAsync("select pg_advisory_lock(floor_key, 3) from event_store.store");
        await using var waiter = await _feed.OpenSessionAsync();
        var waiting = waiter.ExecuteAsync("select pg_advisory_lock_shared(floor_key, 3) from event_store.store");
        await _feed.UntilSessionsWaitAsync();

        await AssertNothingHoldsBackAsync();

        await holder.ExecuteAsync("select pg_advisory_unlock_all()");
        await waiting;
    }

    [Fact]
    public async Task The_same_lock_in_another_database_is_no_obstacle()
    {
        await _feed.AppendAsync(FeedStore.Orders, 5);
        await using var session = await _feed.OpenSessionAsync();
        var key = await session.ScalarAsync<int>("select floor_key from event_store.store");
        await using var foreign = await _neighbour.OpenSessionAsync();
        await foreign.ExecuteAsync($"select pg_advisory_lock_shared({key}, 3)");

        await AssertNothingHoldsBackAsync();
    }

    [Fact]
    public async Task Two_stores_in_one_database_do_not_hold_each_other_back()
    {
        await using var second = await FeedStore.CreateInAsync(_feed.ConnectionString, "second_store");
        await using var open = await OpenAppend.BeginAsync(second);
        var held = await open.AppendAsync(FeedStore.Orders);

        await AssertNothingHoldsBackAsync();
        (await second.BoundAsync()).Should().BeLessThan(held);
        await open.CommitAsync();
        (await second.ReadFeedAsync()).Should().Equal(held);
    }

    [Fact]
    public async Task One_transaction_that_appends_to_two_stores_holds_both_back()
    {
        await using var second = await FeedStore.CreateInAsync(_feed.ConnectionString, "second_store");
        await using var session = await _feed.OpenSessionAsync();
        var transaction = await session.BeginAsync();
        foreach (var schema in (string[])["event_store", "second_store"])
        {
            await session.ExecuteAsync($"select {schema}.append_event('order', '1', null, 'happened', '{{}}')");
        }

        var after = await _feed.AppendAsync(FeedStore.Payments);
        var secondAfter = await second.AppendAsync(FeedStore.Payments);

        (await _feed.BoundAsync()).Should().BeLessThan(after - 1);
        (await second.BoundAsync()).Should().BeLessThan(secondAfter - 1);
        await transaction.CommitAsync(TestContext.Current.CancellationToken);
        (await _feed.ReadFeedAsync()).Should().Equal(after - 1, after);
        (await second.ReadFeedAsync()).Should().Equal(secondAfter - 1, secondAfter);
    }

    private async Task AssertNothingHoldsBackAsync()
    {
        await _feed.AppendAsync(FeedStore.Orders, 3);
        var position = await _feed.AppendAsync(FeedStore.Payments);

        (await _feed.BoundAsync()).Should().Be(position);
        (await _feed.ReadFeedAsync()).Should().EndWith(position).And.Equal(await _feed.ReadTableAsync());
    }

    // How other stores read: events of transactions older than any that still runs.
    private async Task<List<long>> ReadBelowOldestTransactionAsync()
    {
        await using var session = await _feed.OpenSessionAsync();
        return await session.ListAsync<long>(
            "select position from event_store.events "
            + "where xmin::text::bigint < pg_snapshot_xmin(pg_current_snapshot())::text::bigint order by position");
    }
}
