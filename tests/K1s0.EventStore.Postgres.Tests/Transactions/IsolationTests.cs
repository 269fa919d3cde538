using System.Data;
using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.Transactions;

/// <summary>Under an old snapshot the feed would have holes, so it refuses to be read there.</summary>
public sealed class IsolationTests(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    [Theory]
    [InlineData(IsolationLevel.RepeatableRead, "select * from {s}.settled_bound()")]
    [InlineData(IsolationLevel.Serializable, "select * from {s}.settled_bound()")]
    [InlineData(IsolationLevel.RepeatableRead, "select * from {s}.read_feed(0)")]
    [InlineData(IsolationLevel.Serializable, "select * from {s}.read_feed(0)")]
    [InlineData(IsolationLevel.RepeatableRead, "select {s}.publish_bound()")]
    public async Task The_feed_functions_refuse_a_transaction_with_an_old_snapshot(
        IsolationLevel level, string statement)
    {
        var store = await database.NewStoreAsync();
        await store.Store.AppendAsync([Some.Append(Some.Stream())]);
        var before = await store.ContentAsync();
        await using var caller = await Caller.BeginAsync(database.DataSource, level);

        var refusal = await Assert.ThrowsAsync<PostgresException>(
            () => caller.Connection.ExecuteAsync(store.Named(statement)));

        refusal.SqlState.Should().Be(PostgresErrorCodes.ActiveSqlTransaction);
        refusal.MessageText.Should().Contain("read committed");
        (await store.ContentAsync()).Should().Be(before);
    }

    [Fact]
    public async Task At_read_committed_the_same_functions_answer()
    {
        var store = await database.NewStoreAsync();
        await store.Store.AppendAsync([Some.Append(Some.Stream(), 2)]);
        await using var caller = await Caller.BeginAsync(database.DataSource);

        (await caller.Connection.ScalarAsync<long>(store.Named("select count(*) from {s}.read_feed(0)")))
            .Should().Be(2);
        (await caller.Connection.ScalarAsync<long>(store.Named("select {s}.publish_bound()")))
            .Should().Be((await store.Store.GetSettledBoundAsync()).Value);
    }

    [Theory]
    [InlineData("repeatable read")]
    [InlineData("serializable")]
    public async Task Where_sessions_default_to_an_old_snapshot_reads_are_a_typed_error_and_appends_work(string level)
    {
        var store = await database.NewStoreAsync();
        var escaped = level.Replace(" ", "\\ ", StringComparison.Ordinal);
        await using var strict = NpgsqlDataSource.Create(
            database.With(connection => connection.Options = $"-c default_transaction_isolation={escaped}"));
        var there = store.Reopen(strict);
        var stream = Some.Stream();

        await there.Store.AppendAsync(stream, Some.Events(stream, 2), 0);
        var refusal = await Assert.ThrowsAsync<StoreOperationException>(
            () => there.Store.ReadFeedPageAsync(Position.Start));

        refusal.Message.Should().Contain("read committed");
        foreach (var _ in new[] { "the first time", "again" })
        {
            (await FluentActions.Awaiting(() => there.Store.LoadAsync(stream))
                .Should().ThrowAsync<StoreDurabilityException>()).Which.Message.Should().Contain(level);
            await FluentActions.Awaiting(() => there.Store.ReadStreamAsync(stream).ToListAsync().AsTask())
                .Should().ThrowAsync<StoreDurabilityException>();
        }

        (await store.Store.LoadAsync(stream)).Should().HaveCount(2);
        (await store.FeedAsync()).Should().HaveCount(2);
    }

    [Theory]
    [InlineData(IsolationLevel.RepeatableRead)]
    [InlineData(IsolationLevel.Serializable)]
    public async Task A_race_that_is_lost_under_an_old_snapshot_is_a_typed_transient_error(IsolationLevel level)
    {
        var store = await database.NewStoreAsync();
        var stream = Some.Stream();
        await store.Store.AppendAsync(stream, Some.Events(stream, 1), 0);
        await using var caller = await Caller.BeginAsync(database.DataSource, level);
        await store.Store.LoadAsync(stream, caller.Transaction);
        await store.Store.AppendAsync(stream, Some.Events(stream, 1), 1);
        var before = await store.ContentAsync();

        var failure = await Assert.ThrowsAsync<StoreUnavailableException>(
            () => store.Store.AppendAsync([Some.Append(stream)], caller.Transaction));
        await caller.Transaction.RollbackAsync();

        failure.IsTransient.Should().BeTrue();
        (await store.ContentAsync()).Should().Be(before);
    }
}
