namespace K1s0.EventStore.Postgres.Tests.Feed;

/// <summary>A process that lives on while the server loses events does not read past what comes in their place.</summary>
public sealed class LostTailTests(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    [Fact]
    public async Task A_bound_that_was_known_before_a_tail_was_lost_counts_no_more()
    {
        var store = await database.NewStoreAsync();
        var (kept, lost, late) = (Some.Stream(), Some.Stream(), Some.Stream());
        var first = await store.Store.AppendAsync(kept, Some.Events(kept, 2));
        await store.Store.AppendAsync(lost, Some.Events(lost, 50));
        var known = await store.Store.GetSettledBoundAsync();
        await LoseAsync(store, lost, first.LastPosition);

        // In flight at a position below the bound that this process knows.
        await using var connection = await store.DataSource.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        var appended = await store.Reopen().Store.AppendAsync([Some.Append(late)], transaction);
        var page = await store.Store.ReadFeedPageAsync(Position.Start);
        await transaction.CommitAsync();
        var rest = await store.Store.ReadFeedPageAsync(page.ReadTo);

        appended[0].LastPosition.Should().BeLessThan(known);
        page.ReadTo.Should().BeLessThan(appended[0].FirstPosition, "what is in flight comes behind it");
        page.Events.Concat(rest.Events).Select(envelope => envelope.StreamId).Should().Equal(kept, kept, late);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_page_that_is_full_does_not_skip_what_is_in_flight_below_the_bound_of_before(bool isFiltered)
    {
        var store = await database.NewStoreAsync();
        var (kept, lost, late, overtaking) = (Some.Stream(), Some.Stream(), Some.Stream(), Some.Stream());
        var filter = isFiltered ? new FeedFilter { StreamTypes = [kept.AggregateType] } : null;
        var first = await store.Store.AppendAsync(kept, Some.Events(kept, 2));
        await store.Store.AppendAsync(lost, Some.Events(lost, 50));
        var known = await store.Store.GetSettledBoundAsync();
        await LoseAsync(store, lost, first.LastPosition);
        await using var connection = await store.DataSource.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        var appended = await store.Reopen().Store.AppendAsync([Some.Append(late)], transaction);
        var visible = await store.Reopen().Store.AppendAsync(overtaking, Some.Events(overtaking, 1));

        // As many as are visible, so that the page is full with them.
        var page = await store.Store.ReadFeedPageAsync(Position.Start, filter, maxCount: 3);
        await transaction.CommitAsync();
        var rest = await store.Store.ReadFeedPageAsync(page.ReadTo, filter);

        appended[0].LastPosition.Should().BeLessThan(visible.FirstPosition);
        visible.LastPosition.Should().BeLessThan(known);
        page.Events.Concat(rest.Events).Select(envelope => envelope.StreamId)
            .Should().Equal(kept, kept, late, overtaking);
    }

    // As a restore to the moment after the kept events would leave it.
    private static Task LoseAsync(TestStore store, StreamId lost, Position last) => store.ExecuteAsync(
        $"""
        set session_replication_role = replica;
        delete from {"{s}"}.event_ids where event_id in (select event_id from {"{s}"}.events where stream_id = '{lost.AggregateId}');
        delete from {"{s}"}.events where stream_id = '{lost.AggregateId}';
        delete from {"{s}"}.streams where stream_id = '{lost.AggregateId}';
        select setval('{"{s}"}.positions', {last});
        set session_replication_role = origin;
        """);
}
