namespace K1s0.EventStore.Postgres.Tests.Feed;

/// <summary>Each transaction holds the feed back once, from its first append that is not undone.</summary>
public sealed class SavepointTests : IAsyncLifetime
{
    private FeedStore _feed = null!;

    public async ValueTask InitializeAsync() => _feed = await FeedStore.CreateAsync();

    public ValueTask DisposeAsync() => _feed.DisposeAsync();

    [Fact]
    public async Task A_transaction_takes_one_lock_however_often_it_appends()
    {
        await using var open = await OpenAppend.BeginAsync(_feed);
        var first = await open.AppendAsync(FeedStore.Orders);
        await _feed.AppendAsync(FeedStore.Payments);
        await open.AppendAsync(FeedStore.Orders, 5);
        await open.ExecuteAsync("select event_store.append_event('stock', '1', null, 'happened', '{}')");
        await open.ExecuteAsync("savepoint a");
        await open.AppendAsync(FeedStore.Orders);

        (await _feed.CountFloorsAsync(open.ProcessId)).Should().Be(1);
        (await _feed.BoundAsync()).Should().BeLessThan(first);

        await open.CommitAsync();
        (await _feed.CountFloorsAsync(open.ProcessId)).Should().Be(0);
        (await _feed.ReadFeedAsync()).Should().Equal(await _feed.ReadTableAsync()).And.HaveCount(9);
    }

    [Theory]
    [InlineData("commit")]
    [InlineData("rollback")]
    public async Task A_session_that_has_appended_before_holds_the_feed_back_anew_in_its_next_transaction(string ending)
    {
        // Not out of a pool, which would make the session forget everything in between.
        const string append = "select event_store.append_event('stock', '1', null, 'happened', '{}')";
        await using var session = await _feed.OpenSessionAsync();
        await session.ExecuteAsync($"begin; {append}; {ending}");
        var before = await _feed.AppendAsync(FeedStore.Orders);
        await session.ExecuteAsync($"begin; {append}");
        var after = await _feed.AppendAsync(FeedStore.Payments);

        (await _feed.CountFloorsAsync(session.ProcessId)).Should().Be(1);
        (await _feed.BoundAsync()).Should().BeInRange(before, after - 2);
        await session.ExecuteAsync("commit");
        (await _feed.ReadFeedAsync(before)).Should().Equal(after - 1, after);
    }

    [Fact]
    public async Task An_append_that_a_savepoint_undoes_does_not_hold_the_feed_back_any_more()
    {
        await using var open = await OpenAppend.BeginAsync(_feed);
        await open.ExecuteAsync("savepoint a");
        await open.AppendAsync(FeedStore.Orders);
        await open.ExecuteAsync("rollback to savepoint a");
        var meanwhile = await _feed.AppendAsync(FeedStore.Payments);

        (await _feed.CountFloorsAsync(open.ProcessId)).Should().Be(0);
        (await _feed.BoundAsync()).Should().Be(meanwhile);

        // What it appends afterwards holds back again: the memory of the lock went with the lock.
        var held = await open.AppendAsync(FeedStore.Orders);
        var after = await _feed.AppendAsync(FeedStore.Payments);
        (await _feed.BoundAsync()).Should().BeInRange(meanwhile, held - 1);
        await open.CommitAsync();
        (await _feed.ReadFeedAsync()).Should().Equal(meanwhile, held, after);
    }

    [Fact]
    public async Task An_append_under_a_savepoint_that_is_released_holds_the_feed_back_until_the_end()
    {
        await using var open = await OpenAppend.BeginAsync(_feed);
        await open.ExecuteAsync("savepoint a");
        var held = await open.AppendAsync(FeedStore.Orders);
        await open.ExecuteAsync("release savepoint a");
        var after = await _feed.AppendAsync(FeedStore.Payments);

        (await _feed.BoundAsync()).Should().BeLessThan(held);
        await open.CommitAsync();
        (await _feed.ReadFeedAsync()).Should().Equal(held, after);
    }

    [Fact]
    public async Task Undoing_a_later_append_leaves_the_floor_of_the_earlier_one()
    {
        await using var open = await OpenAppend.BeginAsync(_feed);
        var held = await open.AppendAsync(FeedStore.Orders);
        await open.ExecuteAsync("savepoint a");
        await open.AppendAsync(FeedStore.Orders);
        await open.ExecuteAsync("rollback to savepoint a");
        var after = await _feed.AppendAsync(FeedStore.Payments);

        (await _feed.BoundAsync()).Should().BeLessThan(held);
        await open.CommitAsync();
        (await _feed.ReadFeedAsync()).Should().Equal(held, after);
    }

    [Fact]
    public async Task A_failed_statement_that_a_savepoint_repairs_leaves_the_floor_in_place()
    {
        await using var open = await OpenAppend.BeginAsync(_feed);
        var held = await open.AppendAsync(FeedStore.Orders);
        await open.ExecuteAsync("savepoint a");
        await open.Invoking(o => o.ExecuteAsync("select 1 / 0")).Should().ThrowAsync<Npgsql.PostgresException>();
        await open.ExecuteAsync("rollback to savepoint a");
        var after = await _feed.AppendAsync(FeedStore.Payments);

        (await _feed.BoundAsync()).Should().BeLessThan(held);
        await open.RollbackAsync();
        (await _feed.ReadFeedAsync()).Should().Equal(after);
    }
}
