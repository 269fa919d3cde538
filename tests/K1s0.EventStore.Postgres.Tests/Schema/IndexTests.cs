namespace K1s0.EventStore.Postgres.Tests.Schema;

/// <summary>The questions that are asked of the events have an index each.</summary>
public sealed class IndexTests(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    [Theory]
    [InlineData("stream", "stream_key = 1 and version between 1 and 9", "_place_key")]
    [InlineData("type", "event_type = 'ItemAdded' and position > 1", "event_type_position_idx")]
    [InlineData("position", "position > 1", "_pkey")]
    [InlineData("time", "recorded_at >= '2026-01-01'", "recorded_at_idx")]
    [InlineData("correlation", "correlation_id = 'c1'", "correlation_id_idx")]
    [InlineData("user", "actor = 'alice'", "actor_idx")]
    [Trait("Row", "I04")]
    public async Task A_question_uses_its_index(string question, string condition, string index)
    {
        var store = await database.NewStoreAsync();
        var stream = Some.Stream();
        await store.Store.AppendAsync(stream, Some.Events(stream, 3));
        await using var connection = await store.DataSource.OpenConnectionAsync();

        // So few events would be read whole; what is asked here is whether an index can answer.
        await connection.ExecuteAsync("set enable_seqscan = off");
        await using var command = new Npgsql.NpgsqlCommand(
            store.Named($"explain select payload from {{s}}.events where {condition}"), connection);
        await using var reader = await command.ExecuteReaderAsync();
        var plan = new List<string>();
        while (await reader.ReadAsync())
        {
            plan.Add(reader.GetString(0));
        }

        plan.Should().Contain(line => line.Contains("Index") && line.Contains(index), "events are looked up by {0}", question);
    }
}
