namespace K1s0.EventStore.Postgres.Tests.Transactions;

/// <summary>Appending and reading inside the caller's transaction.</summary>
public sealed class JoinedAppendTests(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    [Fact]
    public async Task Events_are_stored_when_the_caller_commits_together_with_the_callers_own_rows()
    {
        var store = await StoreAsync();
        var stream = Some.Stream();
        await using var caller = await CallerAsync();

        var results = await store.Store.AppendAsync(
            [Some.Append(stream, 2), Some.Append(Some.Stream())], caller.Transaction);
        await caller.InsertAsync(store, "with events");

        results.Select(result => result.Version.Value).Should().Equal(2, 1);
        (await store.Store.LoadAsync(stream)).Should().BeEmpty("the caller has not committed");
        await caller.Transaction.CommitAsync();
        (await store.Store.LoadAsync(stream)).Should().HaveCount(2)
            .And.OnlyContain(envelope => envelope.RecordedAt == results[0].RecordedAt);
        (await store.FeedAsync()).Should().HaveCount(3);
        (await store.VerifyAsync(stream)).VerifiedEvents.Should().Be(2);
        (await RowsAsync(store)).Should().Equal("with events");
    }

    [Fact]
    public async Task Nothing_is_stored_when_the_caller_rolls_back_and_the_feed_goes_on()
    {
        var store = await StoreAsync();
        var before = await store.ContentAsync();
        var stream = Some.Stream();
        await using var caller = await CallerAsync();
        await store.Store.AppendAsync([Some.Append(stream, 2)], caller.Transaction);

        await caller.Transaction.RollbackAsync();

        (await store.ContentAsync()).Should().Be(before);
        (await store.FloorLocksAsync()).Should().Be(0);
        var later = await store.Store.AppendAsync(stream, Some.Events(stream, 1), 0);
        (await store.Store.GetSettledBoundAsync()).Should().Be(later.LastPosition);
        (await store.FeedAsync()).Should().ContainSingle().Which.StreamId.Should().Be(stream);
    }

    public static TheoryData<string> Refusals =>
        new("exact", "no stream", "stream exists", "second of two", "reused id");

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task A_refused_append_writes_nothing_and_leaves_the_transaction_usable(string refusal)
    {
        var store = await StoreAsync();
        var stream = Some.Stream();
        var stored = Some.Events(stream, 2);
        await store.Store.AppendAsync(stream, stored, 0);
        var before = await store.ContentAsync();
        await using var caller = await CallerAsync();
        StreamAppend[] appends = refusal switch
        {
            "exact" => [Some.Append(stream, 1, ExpectedVersion.Exactly(new StreamVersion(1)))],
            "no stream" => [Some.Append(stream, 1, ExpectedVersion.NoStream)],
            "stream exists" => [Some.Append(Some.Stream(), 1, ExpectedVersion.StreamExists)],
            "second of two" => [Some.Append(Some.Stream()), Some.Append(stream, 1, ExpectedVersion.NoStream)],
            _ => [new StreamAppend(stream, [stored[0] with { EventType = "Other" }])],
        };

        var exception = await Assert.ThrowsAnyAsync<EventStoreException>(
            () => store.Store.AppendAsync(appends, caller.Transaction));

        exception.Should().Match(e => refusal == "reused id" ? e is EventIdReusedException : e is ConcurrencyException);
        (await store.FloorLocksAsync()).Should().Be(0, "what was refused holds nothing back");
        await caller.InsertAsync(store, "after the refusal");
        await caller.Transaction.CommitAsync();
        (await store.ContentAsync()).Should().Be(before);
        (await RowsAsync(store)).Should().Equal("after the refusal");
    }

    [Fact]
    public async Task After_a_refusal_the_same_transaction_appends()
    {
        var store = await StoreAsync();
        var stream = Some.Stream();
        await store.Store.AppendAsync(stream, Some.Events(stream, 2), 0);
        await using var caller = await CallerAsync();

        var conflict = await Assert.ThrowsAsync<ConcurrencyException>(
            () => store.Store.AppendAsync([Some.Append(stream, 1, ExpectedVersion.NoStream)], caller.Transaction));
        var actual = ExpectedVersion.Exactly(new StreamVersion(conflict.ActualVersion));
        await store.Store.AppendAsync([Some.Append(stream, 1, actual)], caller.Transaction);
        await caller.Transaction.CommitAsync();

        (await store.VerifyAsync(stream)).VerifiedEvents.Should().Be(3);
    }

    [Fact]
    public async Task Several_appends_of_one_transaction_follow_each_other_and_can_be_read_in_it()
    {
        var store = await StoreAsync();
        var (stream, other) = (Some.Stream(), Some.Stream());
        await store.Store.AppendAsync(stream, Some.Events(stream, 1), 0);
        await using var caller = await CallerAsync();

        for (var version = 1; version <= 3; version++)
        {
            await store.Store.AppendAsync(
                [Some.Append(stream, 1, ExpectedVersion.Exactly(new StreamVersion(version))), Some.Append(other)],
                caller.Transaction);
        }

        (await store.Store.LoadAsync(stream, caller.Transaction)).Select(envelope => envelope.Version)
            .Should().Equal(1, 2, 3, 4);
        (await store.Store.LoadAsync(stream, caller.Transaction, fromVersion: 2, toVersion: 3)).Should().HaveCount(2);
        (await store.Store.LoadAsync(stream)).Should().ContainSingle("others do not see what is not committed");
        await caller.Transaction.CommitAsync();
        (await store.VerifyAsync(stream)).VerifiedEvents.Should().Be(4);
        (await store.VerifyAsync(other)).VerifiedEvents.Should().Be(3);
        (await store.FeedAsync()).Select(envelope => envelope.Position).Should().BeInAscendingOrder();
    }

    [Fact]
    public async Task Repeating_an_append_is_idempotent_within_a_transaction_and_across_transactions()
    {
        var store = await StoreAsync();
        var append = Some.Append(Some.Stream(), 2, ExpectedVersion.NoStream);
        await using (var caller = await CallerAsync())
        {
            var first = await store.Store.AppendAsync([append], caller.Transaction);
            var second = await store.Store.AppendAsync([append], caller.Transaction);
            second.Should().Equal(first[0] with { WasRepeated = true });
            await caller.Transaction.CommitAsync();
        }

        var before = await store.ContentAsync();
        await using (var caller = await CallerAsync())
        {
            (await store.Store.AppendAsync([append], caller.Transaction))[0].WasRepeated.Should().BeTrue();
            await caller.Transaction.CommitAsync();
        }

        (await store.ContentAsync()).Should().Be(before);
    }

    [Fact]
    public async Task What_was_appended_before_a_savepoint_stays_and_what_came_after_it_goes()
    {
        var store = await StoreAsync();
        var stream = Some.Stream();
        await using var caller = await CallerAsync();
        await store.Store.AppendAsync([Some.Append(stream)], caller.Transaction);
        await caller.Transaction.SaveAsync("here");
        await store.Store.AppendAsync([Some.Append(stream, 2), Some.Append(Some.Stream())], caller.Transaction);

        await caller.Transaction.RollbackAsync("here");
        await store.Store.AppendAsync(
            [Some.Append(stream, 1, ExpectedVersion.Exactly(new StreamVersion(1)))], caller.Transaction);
        await caller.Transaction.CommitAsync();

        (await store.VerifyAsync(stream)).VerifiedEvents.Should().Be(2);
        (await store.FeedAsync()).Should().HaveCount(2);
    }

    [Theory]
    [InlineData("committed")]
    [InlineData("rolled back")]
    [InlineData("disposed")]
    public async Task A_transaction_that_has_ended_is_refused(string end)
    {
        var store = await StoreAsync();
        var before = await store.ContentAsync();
        await using var caller = await CallerAsync();
        await (end switch
        {
            "committed" => caller.Transaction.CommitAsync(),
            "rolled back" => caller.Transaction.RollbackAsync(),
            _ => caller.Transaction.DisposeAsync().AsTask(),
        });
        var stream = Some.Stream();

        (await Assert.ThrowsAsync<ArgumentException>(
            () => store.Store.AppendAsync([Some.Append(stream)], caller.Transaction)))
            .ParamName.Should().Be("transaction");
        (await Assert.ThrowsAsync<ArgumentException>(
            () => store.Store.LoadAsync(stream, caller.Transaction))).ParamName.Should().Be("transaction");
        (await Assert.ThrowsAsync<ArgumentException>(
            () => store.Snapshots.SaveAsync(stream, 1, "state", caller.Transaction)))
            .ParamName.Should().Be("transaction");

        (await store.ContentAsync()).Should().Be(before);
    }

    private static Task<IReadOnlyList<string>> RowsAsync(TestStore store) =>
        store.ColumnAsync<string>("select note from {s}.business order by note");

    private Task<Caller> CallerAsync() => Caller.BeginAsync(database.DataSource);

    // With a table of the application beside the store's own.
    private async Task<TestStore> StoreAsync()
    {
        var store = await database.NewStoreAsync();
        await store.ExecuteAsync("create table {s}.business (note text not null)");
        return store;
    }
}
