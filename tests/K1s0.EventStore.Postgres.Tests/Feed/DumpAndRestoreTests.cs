using K1s0.EventStore.Integrity;
using K1s0.EventStore.TestServers;

namespace K1s0.EventStore.Postgres.Tests.Feed;

/// <summary>A dump carries everything that the feed and the chains need into a fresh server.</summary>
public sealed class DumpAndRestoreTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_restored_dump_has_the_same_feed_and_chains_and_goes_on_behind_them()
    {
        await using var server = await PostgresServer.StartAsync();
        await using var feed = await FeedStore.CreateInAsync(server.ConnectionString());
        await FillAsync(feed);
        var dump = Path.Combine(Path.GetTempPath(), $"{Guid.CreateVersion7():N}.dump");
        try
        {
            await server.PgDumpAsync("postgres", dump);
            await using var fresh = await PostgresServer.StartAsync();
            await fresh.PgRestoreAsync("postgres", dump);
            await using var restored = FeedStore.Open(fresh.ConnectionString());

            await AssertSameAsync(feed, restored);
            await AssertGoesOnAsync(restored);
        }
        finally
        {
            File.Delete(dump);
        }
    }

    // Streams that race, numbers that are rolled back, the last numbers among them.
    private static async Task FillAsync(FeedStore feed)
    {
        for (var i = 0; i < 10; i++)
        {
            await using var open = await OpenAppend.BeginAsync(feed);
            await open.AppendAsync(FeedStore.Orders, 2);
            await feed.AppendAsync(FeedStore.Payments, 3);
            await (i % 3 == 0 ? open.RollbackAsync() : open.CommitAsync());
        }
    }

    private static async Task AssertSameAsync(FeedStore feed, FeedStore restored)
    {
        var before = (await feed.Store.ReadFeedPageAsync(Position.Start, cancellationToken: Cancellation)).Events;
        var after = (await restored.Store.ReadFeedPageAsync(Position.Start, cancellationToken: Cancellation)).Events;
        after.Should().HaveCount(42).And.Equal(before);
        after.Select(e => (e.Position, e.ChainHash)).Should().Equal(before.Select(e => (e.Position, e.ChainHash)));
        (await restored.Store.GetIdentityAsync(Cancellation))
            .Should().Be(await feed.Store.GetIdentityAsync(Cancellation));
        foreach (var stream in (StreamId[])[FeedStore.Orders, FeedStore.Payments])
        {
            var head = await feed.Store.GetHeadAsync(stream, Cancellation);
            var verification = await StreamVerifier.VerifyAsync(
                stream, restored.Store.ReadStreamAsync(stream, cancellationToken: Cancellation), head, Cancellation);
            verification.Finding.Should().BeNull();
            verification.Head.Should().Be(head);
        }
    }

    private static async Task AssertGoesOnAsync(FeedStore restored)
    {
        var last = (await restored.ReadTableAsync())[^1];
        await using var open = await OpenAppend.BeginAsync(restored);
        var held = await open.AppendAsync(FeedStore.Orders);
        var next = await restored.AppendAsync(FeedStore.Payments);
        held.Should().BeGreaterThan(last);
        (await restored.ReadFeedAsync(last)).Should().BeEmpty("an append is open");
        await open.CommitAsync();
        (await restored.ReadFeedAsync(last)).Should().Equal(held, next);
        var events = await restored.Store.LoadAsync(FeedStore.Orders, cancellationToken: Cancellation);
        StreamVerifier.Verify(FeedStore.Orders, events).Finding.Should().BeNull();
    }
}
