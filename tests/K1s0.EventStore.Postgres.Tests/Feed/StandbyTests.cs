using K1s0.EventStore.TestServers;

namespace K1s0.EventStore.Postgres.Tests.Feed;

/// <summary>A standby sees no locks: its feed ends at the bound that the primary stored.</summary>
public sealed class StandbyTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_feed_of_a_standby_ends_at_the_bound_that_the_primary_published()
    {
        await using var primary = await PostgresServer.StartAsync();
        await using var feed = await FeedStore.CreateInAsync(primary.ConnectionString());
        await using var standby = await primary.StartStandbyAsync();
        await using var copy = FeedStore.Open(standby.ConnectionString());
        var first = await feed.AppendAsync(FeedStore.Orders, 3);
        await CaughtUpAsync(feed, copy);
        (await copy.Store.GetSettledBoundAsync(Cancellation)).Value.Should().Be(0, "nothing was published yet");
        (await copy.ReadFeedAsync()).Should().BeEmpty();

        await PublishAsync(feed, copy);
        (await copy.Store.GetSettledBoundAsync(Cancellation)).Value.Should().Be(first);
        (await copy.ReadFeedAsync()).Should().HaveCount(3).And.EndWith(first);

        // An append in flight on the primary: the standby has what is behind it, and does not show it.
        await using var open = await OpenAppend.BeginAsync(feed);
        var held = await open.AppendAsync(FeedStore.Orders);
        var after = await feed.AppendAsync(FeedStore.Payments);
        await PublishAsync(feed, copy);
        (await copy.ReadTableAsync()).Should().EndWith(after);
        (await copy.Store.GetSettledBoundAsync(Cancellation)).Value.Should().BeInRange(first, held - 1);
        (await copy.ReadFeedAsync(first)).Should().BeEmpty();

        await open.CommitAsync();
        await PublishAsync(feed, copy);
        (await copy.Store.GetSettledBoundAsync(Cancellation)).Value.Should().Be(after);
        (await copy.ReadFeedAsync()).Should().Equal(await feed.ReadFeedAsync()).And.EndWith(after);
    }

    [Fact]
    public async Task A_standby_that_is_promoted_goes_on_where_the_primary_ended()
    {
        await using var primary = await PostgresServer.StartAsync();
        await using var feed = await FeedStore.CreateInAsync(primary.ConnectionString());
        await using var standby = await primary.StartStandbyAsync();
        await using var copy = FeedStore.Open(standby.ConnectionString());
        await feed.AppendAsync(FeedStore.Orders, 3);
        await using var open = await OpenAppend.BeginAsync(feed);
        await open.AppendAsync(FeedStore.Payments);
        var last = await feed.AppendAsync(FeedStore.Orders);
        await CaughtUpAsync(feed, copy);

        await primary.KillAsync();
        await using (var session = await copy.OpenSessionAsync())
        {
            await session.ExecuteAsync("select pg_promote()");
        }

        (await copy.BoundAsync()).Should().BeGreaterThanOrEqualTo(last, "what was open on the primary is gone");
        var next = await copy.AppendAsync(FeedStore.Orders);
        next.Should().BeGreaterThan(last);
        (await copy.ReadFeedAsync()).Should().HaveCount(5).And.EndWith(next);
        (await copy.ReadFeedAsync(last)).Should().Equal(next);
    }

    private static async Task PublishAsync(FeedStore feed, FeedStore copy)
    {
        await using (var session = await feed.OpenSessionAsync())
        {
            await session.ExecuteAsync("select event_store.publish_bound()");
        }

        await CaughtUpAsync(feed, copy);
    }

    private static async Task CaughtUpAsync(FeedStore feed, FeedStore copy)
    {
        await using var session = await feed.OpenSessionAsync();
        var written = await session.ScalarAsync<string>("select pg_current_wal_flush_lsn()::text");
        await copy.UntilAsync($"select pg_last_wal_replay_lsn() >= '{written}'::pg_lsn");
    }
}
