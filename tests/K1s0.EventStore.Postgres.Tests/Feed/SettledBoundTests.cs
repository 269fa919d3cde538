using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.Feed;

/// <summary>What holds the settled bound back, for how long, and what does not: interleaved by hand.</summary>
public sealed class SettledBoundTests : IAsyncLifetime
{
    private FeedStore _feed = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _feed = await FeedStore.CreateAsync();

    public ValueTask DisposeAsync() => _feed.DisposeAsync();

    [Fact]
    [Trait("PeerBug", "B02")]
    public async Task The_first_event_ever_holds_the_feed_back_like_any_other()
    {
        // A sequence that was never used looks like one that was used once, unless its first number is burnt.
        await using var open = await OpenAppend.BeginAsync(_feed);
        var first = await open.AppendAsync(FeedStore.Orders);

        first.Should().BeGreaterThan(1);
        (await _feed.BoundAsync()).Should().BeLessThan(first);
        var second = await _feed.AppendAsync(FeedStore.Payments);
        (await _feed.BoundAsync()).Should().BeLessThan(first);
        (await _feed.ReadFeedAsync()).Should().BeEmpty();

        await open.CommitAsync();
        (await _feed.ReadFeedAsync()).Should().Equal(first, second);
    }

    [Fact]
    public async Task Sessions_that_append_in_turn_draw_positions_in_turn()
    {
        // A sequence with a cache would give each session a block of its own.
        await using var one = await OpenAppend.BeginAsync(_feed);
        await using var other = await OpenAppend.BeginAsync(_feed);
        var drawn = new List<long>();
        for (var turn = 0; turn < 3; turn++)
        {
            drawn.Add(await one.AppendAsync(FeedStore.Orders));
            drawn.Add(await other.AppendAsync(FeedStore.Payments));
        }

        drawn.Should().BeInAscendingOrder().And.OnlyHaveUniqueItems();
    }

    [Theory]
    [InlineData(AppendEnding.Commit)]
    [InlineData(AppendEnding.Rollback)]
    [InlineData(AppendEnding.Terminated)]
    [InlineData(AppendEnding.Disconnected)]
    [Trait("PeerBug", "B04")]
    public async Task The_feed_ends_before_an_open_append_and_goes_on_when_that_has_ended(AppendEnding ending)
    {
        var before = await _feed.AppendAsync(FeedStore.Orders);
        await using var open = await OpenAppend.BeginAsync(_feed, "the blocker");
        var held = await open.AppendAsync(FeedStore.Orders);
        var after = await _feed.AppendAsync(FeedStore.Payments);

        (await _feed.BoundAsync()).Should().BeInRange(before, held - 1);
        (await _feed.ReadFeedAsync()).Should().Equal(before);
        var inspection = await _feed.Store.InspectFeedAsync(Cancellation);
        inspection.HolderPid.Should().Be(open.ProcessId);
        inspection.HolderApplication.Should().Be("the blocker");
        inspection.HeldFor.Should().BeGreaterThan(TimeSpan.Zero);

        await EndAsync(open, ending);

        (await _feed.BoundAsync()).Should().BeGreaterThanOrEqualTo(after);
        long[] late = ending is AppendEnding.Commit ? [held, after] : [after];
        (await _feed.ReadFeedAsync(before)).Should().Equal(late);
        (await _feed.Store.InspectFeedAsync(Cancellation)).HolderPid.Should().BeNull();
    }

    [Theory]
    [InlineData(AppendShape.OneStream)]
    [InlineData(AppendShape.SeveralStreams)]
    [InlineData(AppendShape.CallersTransaction)]
    [InlineData(AppendShape.SqlFunction)]
    public async Task A_writer_that_waits_for_a_stream_does_not_hold_the_feed_back(AppendShape shape)
    {
        await _feed.AppendAsync(FeedStore.Orders);
        await using var owner = await _feed.OpenSessionAsync();
        var ownersTransaction = await owner.BeginAsync();
        await owner.ExecuteAsync("select * from event_store.streams where stream_type = 'order' for update");
        var waiting = AppendToOrdersAsync(shape);
        await _feed.UntilSessionsWaitAsync();
        var meanwhile = await _feed.AppendAsync(FeedStore.Payments);

        (await _feed.BoundAsync()).Should().BeGreaterThanOrEqualTo(meanwhile);
        waiting.IsCompleted.Should().BeFalse();

        await ownersTransaction.RollbackAsync(Cancellation);
        await waiting;
        (await _feed.ReadFeedAsync(meanwhile)).Should().NotBeEmpty("the numbers were drawn after the wait");
    }

    [Theory]
    [InlineData(AppendShape.OneStream)]
    [InlineData(AppendShape.SeveralStreams)]
    [InlineData(AppendShape.CallersTransaction)]
    [InlineData(AppendShape.SqlFunction)]
    public async Task Every_way_to_append_holds_the_feed_back_until_it_has_committed(AppendShape shape)
    {
        // The id of an event that another transaction is about to store: whoever stores it too has drawn its numbers,
        // and waits.
        var first = await _feed.AppendAsync(FeedStore.Orders);
        await using var rival = await _feed.OpenSessionAsync();
        var rivalsTransaction = await rival.BeginAsync();
        var id = Guid.CreateVersion7();
        await rival.ExecuteAsync($"insert into event_store.event_ids values ('{id}', -1, 1)");
        var waiting = AppendToPaymentsAsync(shape, id);
        await _feed.UntilSessionsWaitAsync();
        var after = await _feed.AppendAsync(FeedStore.Orders);

        (await _feed.BoundAsync()).Should().BeInRange(first, after - 2);
        (await _feed.ReadFeedAsync()).Should().Equal(first);

        await rivalsTransaction.RollbackAsync(Cancellation);
        await waiting;
        (await _feed.BoundAsync()).Should().BeGreaterThanOrEqualTo(after);
        (await _feed.ReadFeedAsync()).Should().Equal(await _feed.ReadTableAsync());
    }

    [Fact]
    [Trait("PeerBug", "B05")]
    public async Task Numbers_that_were_rolled_back_do_not_stall_the_feed()
    {
        await using (var open = await OpenAppend.BeginAsync(_feed))
        {
            await open.AppendAsync(FeedStore.Orders, 100);
            await open.RollbackAsync();
        }

        var position = await _feed.AppendAsync(FeedStore.Orders);

        position.Should().BeGreaterThan(100);
        (await _feed.BoundAsync()).Should().Be(position);
        (await _feed.ReadFeedAsync()).Should().Equal(position);
    }

    [Fact]
    [Trait("PeerBug", "B08")]
    public async Task An_append_that_lost_leaves_its_transaction_open_and_the_feed_free()
    {
        var before = await _feed.AppendAsync(FeedStore.Orders);
        await using var open = await OpenAppend.BeginAsync(_feed);
        await open.Invoking(o => o.AppendAsync(FeedStore.Orders, 1, ExpectedVersion.NoStream))
            .Should().ThrowAsync<ConcurrencyException>();

        (await _feed.CountFloorsAsync(open.ProcessId)).Should().Be(0);
        var after = await _feed.AppendAsync(FeedStore.Payments);
        after.Should().Be(before + 1, "the loser drew no number");
        (await _feed.BoundAsync()).Should().Be(after);
    }

    [Theory]
    [InlineData("repeatable read")]
    [InlineData("serializable")]
    public async Task A_reader_with_a_snapshot_of_its_own_is_refused_the_bound(string isolation)
    {
        var position = await _feed.AppendAsync(FeedStore.Orders);
        await using var session = await _feed.OpenSessionAsync();
        foreach (var question in (string[])["settled_bound()", "read_feed(0)", "publish_bound()"])
        {
            await session.ExecuteAsync($"begin isolation level {isolation}");
            (await session.Invoking(s => s.ExecuteAsync($"select * from event_store.{question}"))
                .Should().ThrowAsync<PostgresException>()).Which.SqlState.Should().Be("25001");
            await session.ExecuteAsync("rollback");
        }

        (await session.ScalarAsync<long>("select published_bound from event_store.store")).Should().Be(0);
        (await _feed.ReadFeedAsync()).Should().Equal(position);
    }

    private async Task EndAsync(OpenAppend open, AppendEnding ending)
    {
        switch (ending)
        {
            case AppendEnding.Commit:
                await open.CommitAsync();
                break;
            case AppendEnding.Rollback:
                await open.RollbackAsync();
                break;
            case AppendEnding.Terminated:
                await _feed.TerminateAsync(open.ProcessId);
                break;
            case AppendEnding.Disconnected:
                await open.DisposeAsync();
                await _feed.UntilGoneAsync(open.ProcessId);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(ending), ending, "No such ending.");
        }
    }

    private Task AppendToOrdersAsync(AppendShape shape) => AppendAsync(shape, FeedStore.Orders, Guid.CreateVersion7());

    private Task AppendToPaymentsAsync(AppendShape shape, Guid id) => AppendAsync(shape, FeedStore.Payments, id);

    private async Task AppendAsync(AppendShape shape, StreamId streamId, Guid id)
    {
        EventEnvelope[] events = [FeedStore.Events(streamId)[0] with { Id = id }];
        var other = new StreamId("stock", "1");
        switch (shape)
        {
            case AppendShape.OneStream:
                await _feed.Store.AppendAsync(streamId, events);
                break;
            case AppendShape.SeveralStreams:
                await _feed.Store.AppendAsync(
                    [new StreamAppend(streamId, events), new StreamAppend(other, FeedStore.Events(other))]);
                break;
            case AppendShape.CallersTransaction:
                await using (var connection = await _feed.DataSource.OpenConnectionAsync())
                await using (var transaction = await connection.BeginTransactionAsync())
                {
                    await _feed.Store.AppendAsync([new StreamAppend(streamId, events)], transaction);
                    await transaction.CommitAsync();
                }

                break;
            case AppendShape.SqlFunction:
                await using (var session = await _feed.OpenSessionAsync())
                {
                    await session.ExecuteAsync(
                        $"select event_store.append_event('{streamId.AggregateType}', '{streamId.AggregateId}', null, "
                        + $"'happened', '{{}}', event_id => '{id}')");
                }

                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(shape), shape, "No such shape.");
        }
    }
}
