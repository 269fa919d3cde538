namespace K1s0.EventStore.Postgres.Tests.Transactions;

/// <summary>An open transaction holds back the feed by one lock, from its first append until it ends.</summary>
public sealed class FloorTests(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    [Fact]
    public async Task However_many_appends_a_transaction_makes_it_takes_one_lock()
    {
        var store = await database.NewStoreAsync();
        await using var caller = await Caller.BeginAsync(database.DataSource);
        (await store.FloorLocksAsync()).Should().Be(0);

        for (var i = 0; i < 5; i++)
        {
            await store.Store.AppendAsync(
                [Some.Append(Some.Stream(), 3), Some.Append(Some.Stream())], caller.Transaction);
            (await store.FloorLocksAsync()).Should().Be(1);
        }

        await caller.Transaction.CommitAsync();
        (await store.FloorLocksAsync()).Should().Be(0);
        (await store.FeedAsync()).Should().HaveCount(20);
    }

    [Fact]
    public async Task The_feed_ends_before_the_open_transaction_and_names_its_holder()
    {
        var store = await database.NewStoreAsync();
        var before = await store.Store.AppendAsync([Some.Append(Some.Stream())]);
        await using var caller = await Caller.BeginAsync(database.DataSource);
        await store.Store.AppendAsync([Some.Append(Some.Stream(), 2)], caller.Transaction);
        var after = await store.Store.AppendAsync([Some.Append(Some.Stream())]);

        var held = await store.Store.InspectFeedAsync();
        (await store.FeedAsync()).Should().ContainSingle();
        await caller.Transaction.CommitAsync();
        var free = await store.Store.InspectFeedAsync();

        held.Bound.Should().Be(before[0].LastPosition);
        held.LastPosition.Should().Be(after[0].LastPosition);
        held.HolderPid.Should().Be(caller.Connection.ProcessID);
        held.HeldFor.Should().BePositive();
        free.Should().BeEquivalentTo(
            new SettledBound(after[0].LastPosition, after[0].LastPosition, null, null, null, null),
            options => options.ComparingByMembers<SettledBound>());
        (await store.FeedAsync()).Should().HaveCount(4);
    }

    [Fact]
    public async Task Rolling_back_to_a_savepoint_lets_go_of_what_was_held_since()
    {
        var store = await database.NewStoreAsync();
        await using var caller = await Caller.BeginAsync(database.DataSource);
        await caller.Transaction.SaveAsync("empty");
        await store.Store.AppendAsync([Some.Append(Some.Stream())], caller.Transaction);
        var other = await store.Store.AppendAsync([Some.Append(Some.Stream())]);
        (await store.Store.GetSettledBoundAsync()).Should().BeLessThan(other[0].FirstPosition);

        await caller.Transaction.RollbackAsync("empty");

        (await store.FloorLocksAsync()).Should().Be(0);
        (await store.Store.GetSettledBoundAsync()).Should().Be(other[0].LastPosition);
        await store.Store.AppendAsync([Some.Append(Some.Stream())], caller.Transaction);
        (await store.FloorLocksAsync()).Should().Be(1, "the next append takes the floor anew");
        await caller.Transaction.CommitAsync();
        (await store.FeedAsync()).Should().HaveCount(2);
    }

    [Fact]
    public async Task Rolling_back_to_a_savepoint_keeps_the_floor_that_was_taken_before_it()
    {
        var store = await database.NewStoreAsync();
        await using var caller = await Caller.BeginAsync(database.DataSource);
        await store.Store.AppendAsync([Some.Append(Some.Stream())], caller.Transaction);
        await caller.Transaction.SaveAsync("later");
        await store.Store.AppendAsync([Some.Append(Some.Stream())], caller.Transaction);

        await caller.Transaction.RollbackAsync("later");

        (await store.FloorLocksAsync()).Should().Be(1);
        await store.Store.AppendAsync([Some.Append(Some.Stream())]);
        (await store.FeedAsync()).Should().BeEmpty();
        await caller.Transaction.CommitAsync();
        (await store.FeedAsync()).Should().HaveCount(2);
    }

    [Fact]
    public async Task Releasing_a_savepoint_keeps_the_floor()
    {
        var store = await database.NewStoreAsync();
        await using var caller = await Caller.BeginAsync(database.DataSource);
        await caller.Transaction.SaveAsync("nested");
        await store.Store.AppendAsync([Some.Append(Some.Stream())], caller.Transaction);
        await caller.Transaction.ReleaseAsync("nested");
        await store.Store.AppendAsync([Some.Append(Some.Stream())], caller.Transaction);

        (await store.FloorLocksAsync()).Should().Be(1);
        await caller.Transaction.CommitAsync();
        (await store.FeedAsync()).Should().HaveCount(2);
    }

    [Fact]
    public async Task The_next_transaction_of_the_same_session_takes_the_floor_again()
    {
        var store = await database.NewStoreAsync();
        await using var connection = await database.DataSource.OpenConnectionAsync();
        for (var i = 0; i < 3; i++)
        {
            await using var transaction = await connection.BeginTransactionAsync();
            await store.Store.AppendAsync([Some.Append(Some.Stream())], transaction);
            (await store.FloorLocksAsync()).Should().Be(1);
            await (i == 1 ? transaction.RollbackAsync() : transaction.CommitAsync());
            (await store.FloorLocksAsync()).Should().Be(0);
        }

        (await store.FeedAsync()).Should().HaveCount(2);
    }

    [Fact]
    public async Task A_transaction_over_two_stores_holds_back_both()
    {
        var (first, second) = (await database.NewStoreAsync(), await database.NewStoreAsync());
        await using var caller = await Caller.BeginAsync(database.DataSource);
        await first.Store.AppendAsync([Some.Append(Some.Stream())], caller.Transaction);
        (await second.FloorLocksAsync()).Should().Be(0);
        await second.Store.AppendAsync([Some.Append(Some.Stream())], caller.Transaction);

        (await first.FloorLocksAsync()).Should().Be(1);
        (await second.FloorLocksAsync()).Should().Be(1);
        await caller.Transaction.CommitAsync();
        (await first.FeedAsync()).Should().ContainSingle();
        (await second.FeedAsync()).Should().ContainSingle();
    }
}
