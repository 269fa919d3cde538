namespace K1s0.EventStore.Postgres.Tests.Reading;

/// <summary>What a reader is told of a row that is no event any more.</summary>
public sealed class UnreadableRowTests(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    [Theory]
    [InlineData("occurred_at", true)]
    [InlineData("recorded_at", false)]
    public async Task A_time_that_no_clock_shows_is_told_with_the_place_of_the_event(string column, bool hasRecordedAt)
    {
        var store = await database.NewStoreAsync();
        var stream = Some.Stream();
        await store.Store.AppendAsync(stream, Some.Events(stream, 3), 0);
        var stored = (await store.Store.LoadAsync(stream))[1];
        await store.ExecuteAsync(
            "create table {s}.events_beyond partition of {s}.events for values from ('9999-12-01') to (maxvalue)");
        await store.ExecuteAsync(
            $"set session_replication_role = replica; update {"{s}"}.events set {column} = '200000-01-01 00:00:00+00' "
            + $"where stream_id = '{stream.AggregateId}' and version = 2; set session_replication_role = origin");

        var loading = await Assert.ThrowsAsync<EventUnreadableException>(() => store.Store.LoadAsync(stream));
        var feed = await Assert.ThrowsAsync<EventUnreadableException>(
            () => store.Store.ReadFeedPageAsync(Position.Start));

        foreach (var told in new[] { loading, feed })
        {
            told.Position.Should().Be(stored.Position);
            told.RecordedAt.Should().Be(hasRecordedAt ? stored.RecordedAt : default);
        }

        (await store.Store.ReadFeedPageAsync(stored.Position)).Events.Should().ContainSingle("it reads on behind it");
    }
}
