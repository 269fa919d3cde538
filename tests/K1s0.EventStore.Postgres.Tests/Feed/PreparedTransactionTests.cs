using K1s0.EventStore.TestServers;

namespace K1s0.EventStore.Postgres.Tests.Feed;

/// <summary>A prepared transaction has no session any more, but may still commit: it holds the feed back.</summary>
public sealed class PreparedTransactionTests
{
    [Theory]
    [InlineData("commit prepared", true)]
    [InlineData("rollback prepared", false)]
    public async Task A_prepared_append_holds_the_feed_back_until_it_is_decided_even_over_a_crash(
        string decision, bool isVisible)
    {
        await using var server = await PostgresServer.StartAsync(new PostgresServerOptions
        {
            Settings = new Dictionary<string, string>(StringComparer.Ordinal) { ["max_prepared_transactions"] = "4" },
        });
        await using var feed = await FeedStore.CreateInAsync(server.ConnectionString());
        var before = await feed.AppendAsync(FeedStore.Orders);
        await using var open = await OpenAppend.BeginAsync(feed);
        var held = await open.AppendAsync(FeedStore.Orders);
        await open.ExecuteAsync("prepare transaction 'undecided'");
        var after = await feed.AppendAsync(FeedStore.Payments);

        (await feed.BoundAsync()).Should().BeInRange(before, held - 1);
        await server.KillAsync();
        await server.StartAgainAsync();
        await using var restarted = FeedStore.Open(server.ConnectionString());
        (await restarted.BoundAsync()).Should().BeInRange(before, held - 1);
        (await restarted.ReadFeedAsync()).Should().Equal(before);

        await using var session = await restarted.OpenSessionAsync();
        await session.ExecuteAsync($"{decision} 'undecided'");
        (await restarted.BoundAsync()).Should().BeGreaterThanOrEqualTo(after);
        long[] late = isVisible ? [held, after] : [after];
        (await restarted.ReadFeedAsync(before)).Should().Equal(late);
    }
}
