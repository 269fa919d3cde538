using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using K1s0.EventStore.Integrity;
using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.GroupCommit;

/// <summary>Appends that wait for a writer share a transaction, and keep an outcome each.</summary>
public sealed class GroupCommitTests(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    [Fact(Timeout = Eventually.Milliseconds)]
    public async Task Appends_that_wait_share_one_transaction_and_each_gets_its_own_answer()
    {
        var store = await database.NewStoreAsync();
        await using var writer = await BlockedWriter.CreateAsync(store);
        StreamId[] streams = [.. Enumerable.Range(0, 50).Select(_ => Some.Stream())];

        var appends = streams.Select((stream, i) => writer.Store.AppendAsync(stream, Some.Events(stream, (i % 3) + 1), 0)).ToArray();
        await writer.ReleaseAsync();
        var results = await Task.WhenAll(appends);

        results.Select(result => result.Version.Value).Should().Equal(streams.Select((_, i) => (long)(i % 3) + 1));
        results.Select(result => result.StreamId).Should().Equal(streams);
        (await store.ScalarAsync<long>("select count(distinct xmin::text) from {s}.events where stream_type = 'order'"))
            .Should().Be(1, "all of them were waiting when the writer came free");
        foreach (var stream in streams)
        {
            StreamVerifier.Verify(stream, await store.Store.LoadAsync(stream)).Finding.Should().BeNull();
        }
    }

    [Fact(Timeout = Eventually.Milliseconds)]
    public async Task A_conflict_and_a_repetition_are_told_apart_inside_the_batch()
    {
        var store = await database.NewStoreAsync();
        var (stale, missing, repeated) = (Some.Stream(), Some.Stream(), Some.Stream());
        var earlier = Some.Events(repeated, 2);
        await store.Store.AppendAsync(stale, Some.Events(stale, 1));
        var answer = await store.Store.AppendAsync(repeated, earlier, 0);
        await using var writer = await BlockedWriter.CreateAsync(store, options => options.MaxRetries = 0);
        StreamId[] good = [.. Enumerable.Range(0, 10).Select(_ => Some.Stream())];

        var before = good[..5].Select(stream => writer.Store.AppendAsync(stream, Some.Events(stream, 1), 0)).ToArray();
        var conflict = writer.Store.AppendAsync(stale, Some.Events(stale, 1), 0);
        var repetition = writer.Store.AppendAsync(repeated, earlier, 0);
        var early = writer.Store.AppendAsync(missing, Some.Events(missing, 1), 3);
        var after = good[5..].Select(stream => writer.Store.AppendAsync(stream, Some.Events(stream, 1))).ToArray();
        await writer.ReleaseAsync();

        var results = await Task.WhenAll([.. before, .. after]);
        results.Select(result => result.StreamId).Should().Equal(good);
        results.Should().OnlyContain(result => result.Version.Value == 1 && !result.WasRepeated);
        (await Assert.ThrowsAsync<ConcurrencyException>(() => conflict)).ActualVersion.Should().Be(1);
        (await Assert.ThrowsAsync<ConcurrencyException>(() => early)).ActualVersion.Should().Be(0);
        (await repetition).Should().Be(answer with { WasRepeated = true });
        var names = string.Join(',', good.Select(stream => $"'{stream.AggregateId}'"));
        (await store.ScalarAsync<long>($"select count(distinct xmin::text) from {{s}}.events where stream_id in ({names})"))
            .Should().Be(1, "nobody had to be sent again for the others' sake");
    }

    [Fact(Timeout = Eventually.Milliseconds)]
    [Trait("PeerBug", "B22")]
    public async Task A_conflict_a_repetition_and_a_reused_id_do_not_disturb_their_neighbours()
    {
        var store = await database.NewStoreAsync();
        var (stale, repeated, reused) = (Some.Stream(), Some.Stream(), Some.Stream());
        var earlier = Some.Events(repeated, 2);
        await store.Store.AppendAsync(stale, Some.Events(stale, 1));
        await store.Store.AppendAsync(repeated, earlier);
        await using var writer = await BlockedWriter.CreateAsync(store);
        StreamId[] good = [.. Enumerable.Range(0, 10).Select(_ => Some.Stream())];

        var before = good[..5].Select(stream => writer.Store.AppendAsync(stream, Some.Events(stream, 1), 0)).ToArray();
        var conflict = writer.Store.AppendAsync(stale, Some.Events(stale, 1), 0);
        var repetition = writer.Store.AppendAsync(repeated, earlier, 0);
        var theft = writer.Store.AppendAsync(reused, [Some.Event(reused) with { Id = earlier[0].Id }]);
        var after = good[5..].Select(stream => writer.Store.AppendAsync(stream, Some.Events(stream, 1))).ToArray();
        await writer.ReleaseAsync();

        (await Task.WhenAll([.. before, .. after])).Should().OnlyContain(result => result.Version.Value == 1 && !result.WasRepeated);
        (await Assert.ThrowsAsync<ConcurrencyException>(() => conflict)).ActualVersion.Should().Be(1);
        (await repetition).WasRepeated.Should().BeTrue();
        (await Assert.ThrowsAsync<EventIdReusedException>(() => theft)).EventId.Should().Be(earlier[0].Id);
        (await store.Store.LoadAsync(stale)).Should().HaveCount(1);
        (await store.Store.LoadAsync(repeated)).Should().HaveCount(2);
        (await store.Store.ExistsAsync(reused)).Should().BeFalse();
    }

    [Fact(Timeout = Eventually.Milliseconds)]
    public async Task Appends_to_one_stream_are_stored_one_after_the_other_in_the_order_of_their_calls()
    {
        var store = await database.NewStoreAsync();
        await using var writer = await BlockedWriter.CreateAsync(store);
        var stream = Some.Stream();
        var events = Some.Events(stream, 20);

        var appends = events.Select(envelope => writer.Store.AppendAsync(stream, [envelope])).ToArray();
        await writer.ReleaseAsync();
        await Task.WhenAll(appends);

        (await store.Store.LoadAsync(stream)).Select(envelope => envelope.Id).Should().Equal(events.Select(envelope => envelope.Id));
    }

    [Fact(Timeout = Eventually.Milliseconds)]
    public async Task A_cancelled_append_that_waits_gives_up_at_once_and_is_never_written()
    {
        var store = await database.NewStoreAsync();
        await using var writer = await BlockedWriter.CreateAsync(store);
        var (given, kept) = (Some.Stream(), Some.Stream());
        using var cancellation = new CancellationTokenSource();

        var waiting = writer.Store.AppendAsync(given, Some.Events(given, 1), 0, cancellation.Token);
        var patient = writer.Store.AppendAsync(kept, Some.Events(kept, 1), 0);
        await cancellation.CancelAsync();
        await FluentActions.Awaiting(() => waiting).Should().ThrowAsync<OperationCanceledException>();
        writer.Blocked.IsCompleted.Should().BeFalse("the writer is still busy: giving up did not wait for it");
        await writer.ReleaseAsync();

        (await patient).Version.Value.Should().Be(1);
        (await store.Store.ExistsAsync(given)).Should().BeFalse();
    }

    [Fact(Timeout = Eventually.Milliseconds)]
    public async Task However_many_give_up_those_behind_them_are_still_written()
    {
        var store = await database.NewStoreAsync();
        await using var writer = await BlockedWriter.CreateAsync(store);
        using var cancellation = new CancellationTokenSource();
        var given = Enumerable.Range(0, 1_000).Select(_ => Some.Stream()).Select(
            stream => writer.Store.AppendAsync(stream, Some.Events(stream, 1), 0, cancellation.Token)).ToArray();
        var kept = Some.Stream();

        var patient = writer.Store.AppendAsync(kept, Some.Events(kept, 1), 0);
        await cancellation.CancelAsync();
        await writer.ReleaseAsync();

        // A bound for the case that nobody writes it any more.
        (await patient.WaitAsync(TimeSpan.FromMinutes(5))).Version.Value.Should().Be(1);
        await FluentActions.Awaiting(() => Task.WhenAll(given)).Should().ThrowAsync<OperationCanceledException>();
        given.Should().OnlyContain(append => append.IsCanceled);
        (await store.ScalarAsync<long>("select count(*) from {s}.streams where stream_type = 'order'")).Should().Be(1);
    }

    [Fact(Timeout = Eventually.Milliseconds)]
    public async Task What_was_given_up_is_let_go_of_while_the_writer_is_still_busy()
    {
        var store = await database.NewStoreAsync();
        await using var writer = await BlockedWriter.CreateAsync(store);

        var given = await GiveUpAsync(writer.Store);

        // On a stack of its own: the one that gave up ends further up on this one.
        await Task.Yield();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();

        writer.Blocked.IsCompleted.Should().BeFalse();
        given.IsAlive.Should().BeFalse("places that are free again may be taken, so what left them must not pile up");
        await writer.ReleaseAsync();
    }

    [Fact(Timeout = Eventually.Milliseconds)]
    public async Task A_writer_takes_nothing_of_the_context_along_in_which_it_was_started()
    {
        var context = new AsyncLocal<string?>();
        var opened = new ConcurrentQueue<string?>();
        var builder = new NpgsqlDataSourceBuilder(database.With(connection => connection.Pooling = false));
        builder.UsePhysicalConnectionInitializer(_ => { }, _ =>
        {
            opened.Enqueue(context.Value);
            return Task.CompletedTask;
        });
        await using var source = builder.Build();
        var store = (await database.NewStoreAsync()).Reopen(source);
        context.Value = "of the first append";
        await using var writer = await BlockedWriter.CreateAsync(store);
        var (stream, before) = (Some.Stream(), opened.Count);

        var behind = writer.Store.AppendAsync(stream, Some.Events(stream, 1), 0);
        await writer.ReleaseAsync();
        await behind;

        opened.Take(before).Should().Contain("of the first append", "a connection is opened where it is asked for");
        opened.Skip(before).Should().Equal([null], "the writer works for whoever waits");
    }

    [Fact(Timeout = Eventually.Milliseconds)]
    public async Task A_token_that_fires_when_the_append_is_on_its_way_does_not_hide_the_outcome()
    {
        var store = await database.NewStoreAsync();
        using var cancellation = new CancellationTokenSource();
        var stream = Some.Stream("blocked");
        await store.Store.AppendAsync(stream, Some.Events(stream, 1));
        await using var connection = await store.DataSource.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await connection.ExecuteAsync(store.Named("select from {s}.streams for update"));

        var append = store.Store.AppendAsync(stream, Some.Events(stream, 1), 1, cancellation.Token);
        await Eventually.TrueAsync(() => store.DataSource.ScalarAsync<bool>(
            $"select exists (select from pg_locks where not granted and {connection.ProcessID} = any (pg_blocking_pids(pid)))"));
        await cancellation.CancelAsync();
        await transaction.RollbackAsync();

        (await append).Version.Value.Should().Be(2);
        (await store.Store.LoadAsync(stream)).Should().HaveCount(2);
    }

    [Fact(Timeout = Eventually.Milliseconds)]
    public async Task An_append_that_the_server_cannot_store_does_not_take_its_neighbours_along()
    {
        var store = await database.NewStoreAsync();
        await store.ExecuteAsync(
            """
            create function {s}.refuse() returns trigger language plpgsql as $$ begin raise exception 'poison'; end $$;
            create trigger refuse before insert on {s}.events for each row when (new.event_type = 'Poison')
              execute function {s}.refuse()
            """);
        await using var writer = await BlockedWriter.CreateAsync(store, options => options.MaxRetries = 0);
        var poisoned = Some.Stream();
        StreamId[] good = [.. Enumerable.Range(0, 6).Select(_ => Some.Stream())];

        var before = good[..3].Select(stream => writer.Store.AppendAsync(stream, Some.Events(stream, 2), 0)).ToArray();
        var poison = writer.Store.AppendAsync(poisoned, [Some.Event(poisoned), Some.Event(poisoned, type: "Poison")]);
        var after = good[3..].Select(stream => writer.Store.AppendAsync(stream, Some.Events(stream, 2))).ToArray();
        await writer.ReleaseAsync();

        (await Task.WhenAll([.. before, .. after])).Should().OnlyContain(result => result.Version.Value == 2);
        await Assert.ThrowsAsync<StoreOperationException>(() => poison);
        (await store.Store.ExistsAsync(poisoned)).Should().BeFalse();
    }

    [Fact(Timeout = Eventually.Milliseconds)]
    public async Task A_token_that_fires_when_the_batch_is_on_its_way_does_not_hide_the_outcome()
    {
        var store = await database.NewStoreAsync();
        var (held, beside) = (Some.Stream(), Some.Stream());
        await store.Store.AppendAsync(held, Some.Events(held, 1));
        await using var connection = await store.DataSource.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await connection.ExecuteAsync(
            store.Named($"select from {{s}}.streams where stream_id = '{held.AggregateId}' for update"));
        await using var writer = await BlockedWriter.CreateAsync(store);
        using var cancellation = new CancellationTokenSource();

        Task<AppendResult>[] batch =
        [
            writer.Store.AppendAsync(held, Some.Events(held, 1), 1, cancellation.Token),
            writer.Store.AppendAsync(beside, Some.Events(beside, 1), 0, cancellation.Token),
        ];
        await writer.ReleaseAsync();
        await Eventually.TrueAsync(() => store.DataSource.ScalarAsync<bool>(
            $"select exists (select from pg_locks where not granted and {connection.ProcessID} = any (pg_blocking_pids(pid)))"));
        await cancellation.CancelAsync();
        batch.Should().OnlyContain(append => !append.IsCompleted, "nobody knows yet whether it will be stored");
        await transaction.RollbackAsync();

        (await Task.WhenAll(batch)).Select(result => result.Version.Value).Should().Equal(2, 1);
    }

    [Fact(Timeout = Eventually.Milliseconds)]
    public async Task No_more_appends_are_taken_at_once_than_the_queue_has_places()
    {
        var store = await database.NewStoreAsync();
        await using var writer = await BlockedWriter.CreateAsync(store, options => options.MaxQueuedAppends = 5);
        StreamId[] streams = [.. Enumerable.Range(0, 50).Select(_ => Some.Stream())];

        var appends = streams.Select(stream => writer.Store.AppendAsync(stream, Some.Events(stream, 1), 0)).ToArray();
        await writer.ReleaseAsync();
        await Task.WhenAll(appends);

        var batches = await store.ColumnAsync<long>(
            "select count(*) from {s}.events where stream_type = 'order' group by xmin::text");
        batches.Sum().Should().Be(streams.Length);
        batches.Should().OnlyContain(batch => batch <= 5, "an append leaves its place when it is over").And.Contain(batch => batch > 1);
    }

    [Fact(Timeout = Eventually.Milliseconds)]
    public async Task A_full_queue_holds_back_its_callers_until_there_is_a_place()
    {
        var store = await database.NewStoreAsync();
        await using var writer = await BlockedWriter.CreateAsync(store, options => options.MaxQueuedAppends = 1);
        var (first, second, third) = (Some.Stream(), Some.Stream(), Some.Stream());
        using var cancellation = new CancellationTokenSource();

        var waiting = writer.Store.AppendAsync(first, Some.Events(first, 1));
        var outside = writer.Store.AppendAsync(second, Some.Events(second, 1));
        var impatient = writer.Store.AppendAsync(third, Some.Events(third, 1), (long?)null, cancellation.Token);
        await cancellation.CancelAsync();
        await FluentActions.Awaiting(() => impatient).Should().ThrowAsync<OperationCanceledException>();
        await writer.ReleaseAsync();

        await Task.WhenAll(waiting, outside);
        (await store.Store.ExistsAsync(third)).Should().BeFalse();
    }

    [Fact(Timeout = Eventually.Milliseconds)]
    public async Task When_the_session_of_a_writer_ends_its_append_is_unknown_and_those_behind_it_go_on()
    {
        var store = await database.NewStoreAsync();
        await using var writer = await BlockedWriter.CreateAsync(store, options => options.MaxRetries = 0);
        var stream = Some.Stream();

        var behind = writer.Store.AppendAsync(stream, Some.Events(stream, 1), 0);
        await writer.KillWriterAsync();

        var unknown = await Assert.ThrowsAsync<AppendOutcomeUnknownException>(() => writer.Blocked);
        (await behind).Version.Value.Should().Be(1);
        await writer.DisposeAsync();
        var again = unknown.Appends[0];
        (await store.Store.AppendAsync(again.StreamId, again.Events, again.Expected)).Version.Value.Should().Be(2);
    }

    [Fact(Timeout = Eventually.Milliseconds)]
    public async Task Disposing_the_store_waits_for_what_was_taken_and_takes_no_more()
    {
        var store = await database.NewStoreAsync();
        await using var writer = await BlockedWriter.CreateAsync(store);
        var (taken, late) = (Some.Stream(), Some.Stream());

        var waiting = writer.Store.AppendAsync(taken, Some.Events(taken, 1));
        var disposing = writer.Store.DisposeAsync().AsTask();
        await FluentActions.Awaiting(() => writer.Store.AppendAsync(late, Some.Events(late, 1)))
            .Should().ThrowAsync<ObjectDisposedException>();
        disposing.IsCompleted.Should().BeFalse();
        await writer.ReleaseAsync();
        await disposing;

        (await waiting).Version.Value.Should().Be(1);
        (await store.Store.ExistsAsync(late)).Should().BeFalse();
    }

    // Everything that refers to the event ends with this method.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static async Task<WeakReference> GiveUpAsync(PostgresEventStore store)
    {
        using var cancellation = new CancellationTokenSource();
        var stream = Some.Stream();
        var envelope = Some.Event(stream);
        var waiting = store.AppendAsync(stream, [envelope], 0, cancellation.Token);
        await cancellation.CancelAsync();
        await FluentActions.Awaiting(() => waiting).Should().ThrowAsync<OperationCanceledException>();
        return new WeakReference(envelope);
    }
}
