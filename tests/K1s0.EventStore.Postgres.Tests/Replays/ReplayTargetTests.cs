using K1s0.EventStore.Conformance;
using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.Replays;

public sealed class ReplayTargetTests(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    private static readonly ReplayOptions Quick = new()
    {
        MaxAttempts = 2,
        RetryDelay = TimeSpan.FromMilliseconds(1),
        PageSize = 7,
    };

    [Fact]
    [Trait("Row", "X09")]
    [Trait("Row", "K11")]
    public async Task Effects_and_place_are_seen_together_and_only_when_all_is_done()
    {
        var (store, events, rows) = await ArrangeAsync();
        var seen = new List<int>();
        rows.Act = async (_, _) => seen.Add((await rows.StoredAsync()).Count);

        var report = await RunAsync(store, rows, Quick);

        report.Outcome.Should().Be(ReplayOutcome.Completed);
        (await rows.StoredAsync()).Should().Equal(events.Select(e => e.Id));
        (await rows.PlaceAsync()).Should().Be(report.Reached!.ToString());
        seen.Should().HaveCount(20).And.OnlyContain(count => count == 0);
    }

    [Fact]
    [Trait("Row", "X09")]
    public async Task A_failure_half_way_leaves_the_database_as_it_was()
    {
        var (store, events, rows) = await ArrangeAsync();
        rows.Act = (envelope, _) => FailAt(envelope, events[13]);

        var failure = await Assert.ThrowsAsync<ReplayFailedException>(
            () => RunAsync(store, rows, Quick with { OnFailure = ReplayFailureAction.RollBack }));

        failure.Report.Outcome.Should().Be(ReplayOutcome.RolledBack);
        (await rows.StoredAsync()).Should().BeEmpty();
        (await rows.PlaceAsync()).Should().BeEmpty();
    }

    [Fact]
    [Trait("Row", "X09")]
    public async Task A_stop_keeps_what_came_before_with_its_place_and_the_rest_follows_exactly_once()
    {
        var (store, events, rows) = await ArrangeAsync();
        rows.Act = (envelope, _) => FailAt(envelope, events[13]);

        await Assert.ThrowsAsync<ReplayFailedException>(() => RunAsync(store, rows, Quick));
        (await rows.StoredAsync()).Should().Equal(events.Take(13).Select(e => e.Id));
        rows.Act = null;
        var place = ReplayPlace.Parse(await rows.PlaceAsync());
        await RunAsync(store, rows, Quick, new ReplaySelection().Behind(place));

        (await rows.StoredAsync()).Should().Equal(events.Select(e => e.Id));
    }

    [Fact]
    public async Task An_error_of_the_server_is_undone_and_the_event_is_tried_again()
    {
        var (store, events, rows) = await ArrangeAsync();
        var left = 1;
        rows.Act = async (envelope, transaction) =>
        {
            if (envelope.Id == events[5].Id && left-- > 0)
            {
                await transaction.Connection!.ExecuteAsync("select 1 / 0");
            }
        };

        var report = await RunAsync(store, rows, Quick);

        report.Retries.Should().Be(1);
        (await rows.StoredAsync()).Should().Equal(events.Select(e => e.Id));
    }

    [Fact]
    public async Task An_event_that_is_skipped_leaves_nothing_of_any_handler()
    {
        var (store, events, rows) = await ArrangeAsync();
        var second = new Second((envelope, transaction) => envelope.Id == events[5].Id
            ? transaction.Connection!.ExecuteAsync("select 1 / 0")
            : Task.CompletedTask);

        var report = await new Replay(store.Store, store.Store).RunAsync(
            new ReplaySelection(),
            [rows.Handler(), new ReplayHandler("second", rows.Target.Writing(second))],
            Quick with { Target = rows.Target, OnFailure = ReplayFailureAction.Skip });

        (await rows.StoredAsync()).Should().Equal(events.Where((_, index) => index != 5).Select(e => e.Id));
        report.Failures.Should().ContainSingle().Which.Handler.Should().Be("second");
        second.Attempts.Should().Be(21);
    }

    [Fact]
    public async Task An_error_of_the_server_that_the_handler_swallows_does_not_pass()
    {
        var (store, events, rows) = await ArrangeAsync();
        rows.Act = async (envelope, transaction) =>
        {
            if (envelope.Id == events[19].Id)
            {
                await Assert.ThrowsAsync<PostgresException>(
                    () => transaction.Connection!.ExecuteAsync("select 1 / 0"));
            }
        };

        var failure = await Assert.ThrowsAsync<ReplayFailedException>(() => RunAsync(store, rows, Quick));

        failure.Report.Failures.Should().ContainSingle().Which.Event.Id.Should().Be(events[19].Id);
        (await rows.StoredAsync()).Should().Equal(events.Take(19).Select(e => e.Id));
    }

    [Theory]
    [InlineData(ReplayFailureAction.Stop)]
    [InlineData(ReplayFailureAction.Skip)]
    [InlineData(ReplayFailureAction.RollBack)]
    [Trait("Row", "X09")]
    public async Task A_session_that_is_killed_half_way_leaves_the_database_as_it_was(ReplayFailureAction action)
    {
        var (store, events, rows) = await ArrangeAsync();
        rows.Act = (envelope, transaction) => envelope.Id == events[9].Id
            ? store.DataSource.ExecuteAsync($"select pg_terminate_backend({transaction.Connection!.ProcessID})")
            : Task.CompletedTask;

        var failure = await Assert.ThrowsAsync<ReplayFailedException>(
            () => RunAsync(store, rows, Quick with { OnFailure = action }));

        failure.Report.Outcome.Should().Be(ReplayOutcome.RolledBack);
        (await rows.StoredAsync()).Should().BeEmpty();
        (await rows.PlaceAsync()).Should().BeEmpty();
        rows.Act = null;
        await RunAsync(store, rows, Quick);
        (await rows.StoredAsync()).Should().HaveCount(20, "the target can be used again");
    }

    [Fact]
    public async Task A_commit_that_the_server_refuses_keeps_nothing()
    {
        var (store, events, rows) = await ArrangeAsync();
        rows.Act = (envelope, transaction) => envelope.Id == events[9].Id
            ? rows.WriteAsync(envelope.Id, transaction)
            : Task.CompletedTask;

        var failure = await Assert.ThrowsAsync<ReplayFailedException>(() => RunAsync(store, rows, Quick));

        failure.Report.Outcome.Should().Be(ReplayOutcome.RolledBack);
        failure.InnerException.Should().BeOfType<StoreOperationException>();
        (await rows.StoredAsync()).Should().BeEmpty();
    }

    [Fact]
    [Trait("Row", "X08")]
    public async Task An_event_whose_stored_bytes_were_changed_is_reported_and_the_rest_is_handled()
    {
        var (store, events, rows) = await ArrangeAsync();
        await store.ExecuteAsync(
            $$"""
            alter table {s}.events disable trigger all;
            update {s}.events set payload = convert_to('{"quantity":666}', 'UTF8')
            where position = {{events[3].Position}};
            alter table {s}.events enable trigger all;
            """);

        var report = await RunAsync(
            store, rows, Quick with { VerifyContent = true, OnCorrupted = ReplayFailureAction.Skip });

        (report.HandledEvents, report.CorruptedEvents).Should().Be((19, 1));
        report.Failures.Should().ContainSingle().Which.Event.Id.Should().Be(events[3].Id);
        (await rows.StoredAsync()).Should().Equal(events.Where((_, index) => index != 3).Select(e => e.Id));
    }

    [Theory]
    [InlineData("chain_hash = '\\x00'", true)]
    [InlineData("content_digest = '\\x00'", false)]
    [InlineData("stream_type = ''", true)]
    [InlineData("stream_id = ''", false)]
    [Trait("Row", "X08")]
    public async Task A_row_that_is_no_event_is_skipped_alone(string damage, bool isOneStream)
    {
        var (store, events, rows) = await ArrangeAsync();
        await store.ExecuteAsync(
            $$"""
            alter table {s}.events disable trigger all;
            update {s}.events set {{damage}} where position = {{events[3].Position}};
            alter table {s}.events enable trigger all;
            """);

        var report = await RunAsync(
            store,
            rows,
            Quick with { OnCorrupted = ReplayFailureAction.Skip },
            new ReplaySelection { Stream = isOneStream ? events[3].StreamId : null });

        var expected = events.Where((one, index) =>
            index != 3 && (!isOneStream || one.StreamId == events[3].StreamId)).Select(e => e.Id).ToList();
        (await rows.StoredAsync()).Should().Equal(expected);
        (report.HandledEvents, report.CorruptedEvents).Should().Be((expected.Count, 1));
        report.Failures.Should().ContainSingle().Which.Event.Place.Should().Be(ReplayPlace.Of(events[3]));
    }

    [Fact]
    [Trait("Row", "K11")]
    public async Task The_example_of_the_readme_fills_a_table_in_one_transaction()
    {
        var (testStore, events, rows) = await ArrangeAsync();
        var (store, dataSource) = (testStore.Store, testStore.DataSource);
        await dataSource.ExecuteAsync("create table replayed (place text)");

        // snippet: replay-target
        await using var target = new PostgresReplayTarget(dataSource, async (place, transaction) =>
        {
            await using var command = new NpgsqlCommand(
                "insert into replayed (place) values ($1)", transaction.Connection, transaction);
            command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = place.ToString() });
            await command.ExecuteNonQueryAsync();
        });
        var report = await new Replay(store, store).RunAsync(
            new ReplaySelection { Filter = new FeedFilter { StreamTypes = ["order"] } },
            [new ReplayHandler("rows", target.Writing(rows))],
            new ReplayOptions { Target = target, OnFailure = ReplayFailureAction.RollBack });

        // end-snippet
        (await rows.StoredAsync()).Should().Equal(events.Select(e => e.Id));
        (await testStore.ColumnAsync<string>("select place from replayed")).Should().Equal(report.Reached!.ToString());
    }

    [Fact]
    public async Task A_target_is_written_by_one_replay_at_a_time()
    {
        var (store, _, rows) = await ArrangeAsync();
        await rows.Target.BeginAsync(CancellationToken.None);

        await Assert.ThrowsAsync<InvalidOperationException>(() => RunAsync(store, rows, Quick));
        await rows.Target.DisposeAsync();

        await Assert.ThrowsAsync<InvalidOperationException>(() => rows.Target.CommitAsync(null));
        (await RunAsync(store, rows, Quick)).HandledEvents.Should().Be(20);
    }

    private static Task<ReplayReport> RunAsync(
        TestStore store, ReplayRows rows, ReplayOptions options, ReplaySelection? selection = null) =>
        new Replay(store.Store, store.Store).RunAsync(
            selection ?? new ReplaySelection(), [rows.Handler()], options with { Target = rows.Target });

    private static Task FailAt(EventEnvelope envelope, EventEnvelope bad) =>
        envelope.Id == bad.Id ? throw new HandlerBrokenException() : Task.CompletedTask;

    private async Task<(TestStore Store, IReadOnlyList<EventEnvelope> Events, ReplayRows Rows)> ArrangeAsync()
    {
        var store = await database.NewStoreAsync();
        await store.Store.AppendAsync([Some.Append(Some.Stream(), 12), Some.Append(Some.Stream(), 8)]);
        return (store, await store.FeedAsync(), await ReplayRows.CreateAsync(store));
    }

    private sealed class Second(Func<EventEnvelope, NpgsqlTransaction, Task> act) : ITransactionalHandler
    {
        public int Attempts { get; private set; }

        public Task HandleAsync(
            EventEnvelope envelope, NpgsqlTransaction transaction, CancellationToken cancellationToken)
        {
            Attempts++;
            return act(envelope, transaction);
        }
    }
}
