using K1s0.EventStore.Postgres.Tests.Partitions;
using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.Guards;

/// <summary>Even the superuser cannot change an event by a statement: the triggers refuse it.</summary>
public sealed class AppendOnlyTests(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    // {p} stands for the partition of the month.
    public static TheoryData<string> Changes => new(
        "update {s}.events set payload = '{}'",
        "update {s}.events set recorded_at = recorded_at + interval '1 month'",
        "delete from {s}.events",
        "truncate {s}.events",
        "truncate {s}.events, {s}.event_ids, {s}.streams cascade",
        "update {s}.{p} set payload = '{}'",
        "delete from {s}.{p}",
        "truncate {s}.{p}",
        "update {s}.event_ids set version = version + 1",
        "delete from {s}.event_ids",
        "truncate {s}.event_ids",
        "delete from {s}.streams",
        "truncate {s}.streams",
        "update {s}.streams set version = version - 1, prior_version = version - 2",
        "update {s}.streams set version = version",
        "update {s}.streams set head_hash = sha256('')",
        "update {s}.streams set stream_id = 'other', version = version + 1, prior_version = version",
        "update {s}.streams set created_at = created_at + interval '1 day', version = 4, prior_version = 3");

    [Theory]
    [MemberData(nameof(Changes))]
    public async Task A_change_of_what_was_appended_is_refused_and_changes_nothing(string change)
    {
        var store = await database.NewStoreAsync();
        var stream = Some.Stream();
        await store.Store.AppendAsync(stream, Some.Events(stream, 3), 0);
        var before = await store.ContentAsync();

        var refusal = await Assert.ThrowsAsync<PostgresException>(() => store.ExecuteAsync(
            change.Replace("{p}", Month.Ahead(0).Partition, StringComparison.Ordinal)));

        refusal.SqlState.Should().Be("ES403");
        refusal.MessageText.Should().Contain("events are append-only");
        (await store.ContentAsync()).Should().Be(before);
        (await store.VerifyAsync(stream)).VerifiedEvents.Should().Be(3);
    }

    [Fact]
    public async Task A_partition_that_is_made_later_is_guarded_too()
    {
        var store = await database.NewStoreAsync();
        var later = Month.Ahead(7);
        await store.Reopen(configure: options => options.MonthsAhead = 7).Schema.EnsurePartitionsAsync();
        await store.ExecuteAsync($"update {{s}}.store set recorded_floor = '{later.Start:O}'");
        var stream = Some.Stream();
        await store.Store.AppendAsync(stream, Some.Events(stream, 1), 0);
        var before = await store.ContentAsync();

        foreach (var change in new[] { "update {s}.{p} set payload = '{}'", "delete from {s}.{p}", "truncate {s}.{p}" })
        {
            var refusal = await Assert.ThrowsAsync<PostgresException>(() => store.ExecuteAsync(
                change.Replace("{p}", later.Partition, StringComparison.Ordinal)));
            refusal.SqlState.Should().Be("ES403");
        }

        (await store.ContentAsync()).Should().Be(before);
    }
}
