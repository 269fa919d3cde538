using Microsoft.Data.Sqlite;

namespace K1s0.EventStore.Sqlite.Tests.Guards;

/// <summary>The file itself refuses to change history, whatever program opens it.</summary>
public sealed class AppendOnlyTests : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private readonly StreamId _stream = Some.Stream();
    private TestStore _store = null!;

    private string Path => _folder.File("store.db");

    public async ValueTask InitializeAsync()
    {
        _store = new TestStore(Path);
        await _store.Store.AppendAsync(_stream, Some.Events(_stream, 3), 0);
    }

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("update events set payload = x'7b7d'")]
    [InlineData("update events set version = version + 10")]
    [InlineData("update or replace events set event_id = event_id where version = 2")]
    [InlineData("delete from events")]
    [InlineData("delete from events where version = 3")]
    [InlineData("insert or replace into events select * from events where version = 2")]
    [InlineData("replace into events select position + 100, stream_key, version, schema_version, occurred_at, recorded_at, randomblob(16), previous_event_id, content_digest, chain_hash, event_type, metadata, payload from events where version = 2")]
    [InlineData("replace into events select position + 100, stream_key, version + 50, schema_version, occurred_at, recorded_at, event_id, previous_event_id, content_digest, chain_hash, event_type, metadata, payload from events where version = 2")]
    [InlineData("delete from streams")]
    [InlineData("update streams set version = version - 1")]
    [InlineData("update streams set stream_id = 'other', version = version + 1")]
    [InlineData("replace into streams select stream_key, stream_type, 'other', version, head_hash, head_event_id from streams")]
    [InlineData("replace into streams select null, stream_type, stream_id, 99, head_hash, head_event_id from streams")]
    [InlineData("delete from store")]
    [InlineData("update store set store_id = randomblob(16), epoch = epoch + 1")]
    [InlineData("update store set epoch = 0")]
    [InlineData("replace into store select 1, randomblob(16), 1, 0")]
    public async Task A_change_of_history_is_refused_and_changes_nothing(string sql)
    {
        var before = await ContentAsync();

        using (var foreign = new Foreign(Path))
        {
            Assert.Throws<SqliteException>(() => foreign.Execute(sql)).SqliteErrorCode.Should().Be(19, sql);
        }

        (await ContentAsync()).Should().Be(before);
        (await _store.Store.AppendAsync(_stream, Some.Events(_stream, 1), 3)).Version.Value.Should().Be(4);
    }

    [Theory]
    [InlineData(1, "0")]
    [InlineData(5, "randomblob(15)")]
    [InlineData(6, "null")]
    [InlineData(7, "randomblob(31)")]
    [InlineData(8, "null")]
    [InlineData(11, "'text'")]
    public async Task A_row_that_cannot_be_an_event_is_refused(int column, string value)
    {
        var before = await ContentAsync();
        string[] values =
        [
            "stream_key", "version + 50", "schema_version", "occurred_at", "recorded_at", "randomblob(16)",
            "previous_event_id", "content_digest", "chain_hash", "event_type", "metadata", "payload",
        ];
        values[column] = value;
        var sql = "insert into events (stream_key, version, schema_version, occurred_at, recorded_at, event_id, "
            + "previous_event_id, content_digest, chain_hash, event_type, metadata, payload) "
            + $"select {string.Join(", ", values)} from events where version = 2";

        using (var foreign = new Foreign(Path))
        {
            Assert.Throws<SqliteException>(() => foreign.Execute(sql)).SqliteErrorCode.Should().Be(19, sql);
        }

        (await ContentAsync()).Should().Be(before);
    }

    [Fact]
    public async Task A_position_is_not_given_out_again_when_the_last_events_are_taken_out_by_force()
    {
        var last = await _store.Store.GetSettledBoundAsync();
        using (var foreign = new Foreign(Path))
        {
            foreign.Execute("drop trigger events_no_delete");
            foreign.Execute("delete from events").Should().Be(3);
        }

        var other = Some.Stream();
        var result = await _store.Store.AppendAsync(other, Some.Events(other, 1));

        result.FirstPosition.Should().BeGreaterThan(last);
        (await _store.Store.ReadFeedPageAsync(Position.Start)).Events.Should().ContainSingle();
    }

    [Fact]
    public async Task A_refused_append_draws_no_position_and_leaves_no_row()
    {
        var before = await ContentAsync();
        var other = Some.Stream();
        var stored = (await _store.Store.LoadAsync(_stream))[1];

        await Assert.ThrowsAsync<ConcurrencyException>(
            () => _store.Store.AppendAsync(_stream, Some.Events(_stream, 5), 1));
        await Assert.ThrowsAsync<EventIdReusedException>(() => _store.Store.AppendAsync(
            [new(other, Some.Events(other, 5)), new(_stream, [Some.Event(_stream) with { Id = stored.Id }])]));

        (await ContentAsync()).Should().Be(before);
    }

    [Fact]
    public async Task Another_life_of_the_store_refuses_the_checkpoints_of_the_one_before()
    {
        var before = await _store.Store.GetIdentityAsync();
        var claim = await _store.Checkpoints.ClaimAsync("consumer", "owner");
        claim = await _store.Checkpoints.SaveAsync(claim, new Checkpoint(new Position(2), before));

        var after = await _store.File.BeginEpochAsync();

        after.Should().Be(before with { Epoch = before.Epoch + 1 });
        (await _store.Store.GetIdentityAsync()).Should().Be(after);
        var refusal = await Assert.ThrowsAsync<StoreIdentityException>(
            () => _store.Checkpoints.SaveAsync(claim, new Checkpoint(new Position(3), before)));
        (refusal.Expected, refusal.Found).Should().Be((after, before));
        (await _store.Checkpoints.LoadAsync("consumer"))!.Position.Value.Should().Be(2);
    }

    private Task<string> ContentAsync()
    {
        using var foreign = new Foreign(Path);
        return Task.FromResult(foreign.Scalar<string>(
            """
            select (select group_concat(hex(event_id) || version || position || hex(payload)) from events)
              || (select group_concat(stream_id || version || hex(head_hash)) from streams)
              || (select hex(store_id) || epoch from store)
              || (select seq from sqlite_sequence where name = 'events')
            """));
    }
}
