using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.Partitions;

/// <summary>
/// Ids and places are unique over all months by the database's own constraints, also for the superuser.
/// </summary>
[Trait("Row", "I02")]
public sealed class UniquenessTests(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    private const string CopyOfTheEvent =
        """
        insert into {s}.events select nextval('{s}.positions'), stream_key, version, schema_version, occurred_at, {0},
          {1}, previous_event_id, content_digest, chain_hash, stream_type, stream_id, event_type, actor, correlation_id,
          metadata, payload from {s}.events
        """;

    [Fact]
    public async Task A_place_in_a_stream_is_taken_once_over_all_months()
    {
        var store = await StoreWithOneEventAsync();

        await RefusedAsync(
            store,
            $"{Copy(Month.Ahead(1).Start, "gen_random_uuid()")}; "
            + "insert into {s}.event_ids select gen_random_uuid(), stream_key, version from {s}.event_ids",
            "event_ids_place_key");
    }

    [Fact]
    public async Task An_event_id_is_taken_once_over_all_months()
    {
        var store = await StoreWithOneEventAsync();

        await RefusedAsync(
            store,
            $"{Copy(Month.Ahead(1).Start, "event_id")}; "
            + "insert into {s}.event_ids select event_id, stream_key, version + 1 from {s}.event_ids",
            "event_ids_pkey");
    }

    [Fact]
    [Trait("PeerBug", "B25")]
    public async Task A_second_event_with_the_same_parent_is_refused_within_a_month_by_the_partition_itself()
    {
        var store = await StoreWithOneEventAsync();

        await RefusedAsync(
            store, Copy(Month.Ahead(0).Start, "gen_random_uuid()"), $"{Month.Ahead(0).Partition}_place_key");
    }

    [Fact]
    public async Task A_position_is_taken_once()
    {
        var store = await StoreWithOneEventAsync();

        await RefusedAsync(
            store,
            Copy(Month.Ahead(0).Start, "gen_random_uuid()").Replace(
                "nextval('{s}.positions')", "position", StringComparison.Ordinal),
            $"{Month.Ahead(0).Partition}_pkey");
    }

    [Fact]
    public async Task A_stream_has_one_row()
    {
        var store = await StoreWithOneEventAsync();

        await RefusedAsync(
            store,
            """
            insert into {s}.streams
              (stream_type, stream_id, version, head_hash, head_event_id, prior_version, prior_hash, created_at)
            select stream_type, stream_id, version, head_hash, head_event_id, prior_version, prior_hash, created_at
            from {s}.streams
            """,
            "streams_name_key");
    }

    private static string Copy(DateTimeOffset recordedAt, string eventId) => CopyOfTheEvent
        .Replace("{0}", $"'{recordedAt:O}'", StringComparison.Ordinal)
        .Replace("{1}", eventId, StringComparison.Ordinal);

    private static async Task RefusedAsync(TestStore store, string sql, string constraint)
    {
        var before = await store.ContentAsync();

        var refusal = await Assert.ThrowsAsync<PostgresException>(() => store.ExecuteAsync(sql));

        refusal.SqlState.Should().Be(PostgresErrorCodes.UniqueViolation);
        refusal.ConstraintName.Should().Be(constraint);
        (await store.ContentAsync()).Should().Be(before);
    }

    private async Task<TestStore> StoreWithOneEventAsync()
    {
        var store = await database.NewStoreAsync();
        var stream = Some.Stream();
        await store.Store.AppendAsync(stream, Some.Events(stream, 1), 0);
        return store;
    }
}
