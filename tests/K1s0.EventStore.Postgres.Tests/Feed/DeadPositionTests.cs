using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Postgres.Tests.Feed;

/// <summary>What peers told gaps of the feed from late events by: times and counts. Neither plays a part here.</summary>
public sealed class DeadPositionTests(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(-50)]
    [InlineData(50)]
    [Trait("PeerBug", "B06")]
    public async Task However_old_or_new_an_event_claims_to_be_it_is_not_passed_before_its_append_has_ended(int years)
    {
        var store = await database.NewStoreAsync();
        var (slow, quick) = (Some.Stream(), Some.Stream());
        await using var connection = await store.DataSource.OpenConnectionAsync(Cancellation);
        await using var transaction = await connection.BeginTransactionAsync(Cancellation);
        var late = Some.Event(slow) with { OccurredAt = DateTimeOffset.UtcNow.AddYears(years) };
        await store.Store.AppendAsync([new StreamAppend(slow, [late])], transaction, Cancellation);
        await store.Store.AppendAsync(
            quick, [Some.Event(quick) with { OccurredAt = DateTimeOffset.UtcNow.AddYears(-years) }], null, Cancellation);

        var before = await store.Store.ReadFeedPageAsync(Position.Start, cancellationToken: Cancellation);
        await transaction.CommitAsync(Cancellation);
        var behind = await store.Store.ReadFeedPageAsync(before.ReadTo, cancellationToken: Cancellation);

        before.Events.Should().BeEmpty();
        behind.Events.Select(envelope => envelope.StreamId).Should().Equal(slow, quick);
    }

    [Fact]
    [Trait("PeerBug", "B07")]
    public async Task Thirty_million_dead_positions_are_passed_with_one_page()
    {
        var store = await database.NewStoreAsync();
        await store.Store.AppendAsync([Some.Append(Some.Stream())], Cancellation);
        await store.ExecuteAsync("select setval('{s}.positions', 30000000)");
        await store.Store.AppendAsync([Some.Append(Some.Stream())], Cancellation);

        var page = await store.Store.ReadFeedPageAsync(Position.Start, maxCount: 10, cancellationToken: Cancellation);

        page.Events.Select(envelope => envelope.Position.Value).Should().Equal(2, 30_000_001);
        page.IsAtEnd.Should().BeTrue();
    }

    [Fact]
    public async Task A_filtered_statement_looks_at_no_more_positions_than_it_can_in_time()
    {
        var store = (await SparseAsync()).Reopen();
        var filter = new FeedFilter { StreamTypes = ["payment"] };
        var (after, pages, found) = (Position.Start, 0, new List<EventEnvelope>());
        FeedPage page;
        do
        {
            page = await store.Store.ReadFeedPageAsync(after, filter, maxCount: 10, Cancellation);
            (page.ReadTo.Value - after.Value).Should().BeInRange(1, PostgresFeed.MaxPositions);
            page.SettledBound.Value.Should().BeGreaterThan(900_000);
            found.AddRange(page.Events);
            (after, pages) = (page.ReadTo, pages + 1);
        }
        while (!page.IsAtEnd);

        pages.Should().Be(4);
        found.Select(envelope => envelope.StreamId.AggregateType).Should().Equal("payment");
        (await store.FeedAsync(filter)).Should().ContainSingle();
    }

    [Fact]
    public async Task A_subscription_from_a_time_on_starts_there_also_when_that_is_many_positions_away()
    {
        var store = await SparseAsync();
        var feed = await store.FeedAsync();
        feed[^1].RecordedAt.Should().BeAfter(feed[^2].RecordedAt, "that is the situation to be tested");
        var handler = new RecordingHandler();
        using var live = new LiveFeed(store.Store);
        var options = new SubscriptionOptions
        {
            Start = SubscriptionStart.At(feed[^1].RecordedAt),
            End = SubscriptionEnd.SettledBound,
        };

        await new Subscription("from-a-time", handler, live, store.Checkpoints, options).RunAsync(Cancellation);

        handler.Handled.Select(envelope => envelope.Id).Should().Equal(feed[^1].Id);
    }

    // Three events, each far behind the one before.
    private async Task<TestStore> SparseAsync()
    {
        var store = await database.NewStoreAsync();
        await store.Store.AppendAsync([Some.Append(Some.Stream())], Cancellation);
        await store.ExecuteAsync("select setval('{s}.positions', 300000)");
        await store.Store.AppendAsync([Some.Append(Some.Stream())], Cancellation);
        await store.ExecuteAsync("select setval('{s}.positions', 900000)");
        await store.Store.AppendAsync([Some.Append(Some.Stream("payment"))], Cancellation);
        return store;
    }
}
