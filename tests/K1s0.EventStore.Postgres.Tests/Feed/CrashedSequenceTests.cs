using K1s0.EventStore.TestServers;

namespace K1s0.EventStore.Postgres.Tests.Feed;

/// <summary>
/// A sequence is not transactional, and neither is its journal: a number that was drawn and rolled back may be drawn
/// again after a crash. A reader that was told to go on behind it would miss the event that gets it.
/// </summary>
public sealed class CrashedSequenceTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_number_that_a_crash_gives_out_again_is_not_behind_any_reader()
    {
        // The journal reaches the disk with commits only, so that the crash takes what no commit has secured.
        await using var server = await PostgresServer.StartAsync(new PostgresServerOptions
        {
            Settings = new Dictionary<string, string>(StringComparer.Ordinal) { ["wal_writer_delay"] = "10s" },
        });
        await using var feed = await FeedStore.CreateInAsync(server.ConnectionString());
        await DrawUntilTheNextNumberIsJournaledAsync(feed);
        long undone;
        await using (var append = await OpenAppend.BeginAsync(feed))
        {
            undone = await append.AppendAsync(FeedStore.Orders);
            await append.RollbackAsync();
        }

        var page = await feed.OpenAnother().ReadFeedPageAsync(Position.Start, cancellationToken: Cancellation);
        page.IsAtEnd.Should().BeTrue();

        await server.KillAsync();
        await server.StartAgainAsync();
        var drawnAgain = await feed.AppendAsync(FeedStore.Payments);

        drawnAgain.Should().BeLessThanOrEqualTo(undone, "that is the situation to be tested");
        (await feed.ReadFeedAsync(page.ReadTo.Value)).Should().Equal(drawnAgain);
    }

    // PostgreSQL writes a sequence to its journal once for 32 numbers.
    private static async Task DrawUntilTheNextNumberIsJournaledAsync(FeedStore feed)
    {
        await using var session = await feed.OpenSessionAsync();
        do
        {
            await feed.AppendAsync(FeedStore.Orders);
        }
        while (await session.ScalarAsync<long>("select log_cnt from event_store.positions") > 0);
    }
}
