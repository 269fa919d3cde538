using System.Globalization;
using K1s0.EventStore.Postgres.Tests.Partitions;
using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.Archiving;

/// <summary>A month is about to leave, and others come between: nothing goes that nobody may lose.</summary>
[Trait("Invariant", "I30")]
[Trait("Invariant", "I31")]
public sealed class PruneRaceTests(StoreDatabase database) : IClassFixture<StoreDatabase>, IAsyncLifetime
{
    private const string Patient = "10 minutes";
    private const string WrongLevel = PostgresErrorCodes.ActiveSqlTransaction;

    private readonly Month _month = Month.Ahead(-2);
    private readonly BucketDirectory _bucket = new();
    private ArchiveScene? _scene;
    private Lease? _lease;
    private IReadOnlyList<EventEnvelope> _old = [];
    private IReadOnlyList<EventEnvelope> _new = [];

    private ArchiveScene Scene => _scene!;

    private Lease Lease => _lease!;

    private string MonthText => string.Create(
        CultureInfo.InvariantCulture, $"'{_month.Start:yyyy-MM-dd} 00:00:00+00'::timestamptz");

    // All of the month is listed, and it may leave.
    public async ValueTask InitializeAsync()
    {
        _scene = await ArchiveScene.CreateAsync(database, _bucket.Objects);
        _old = await Scene.AppendAsync(_month, 30, 3);
        _new = await Scene.AppendAsync(Month.Ahead(0), 10, 2, "t");
        Scene.Options.Prune = false;
        (await Scene.Archiver().ArchiveAsync()).Events.Should().Be(30);
        _lease = (await Scene.Store.Leases.TryAcquireAsync(
            IArchiveCatalog.LeaseName, "test", TimeSpan.FromHours(1)))!;
        await Scene.Catalog.AllowPruneAsync(Lease, _month.Start);
    }

    public async ValueTask DisposeAsync()
    {
        await Scene.DisposeAsync();
        _bucket.Dispose();
    }

    [Fact]
    public async Task Readers_are_in_the_way_and_the_month_leaves_when_they_are_gone()
    {
        await using (var reader = await OpenAsync())
        {
            await reader.ExecuteAsync(Scene.Store.Named("begin; select from {s}.events limit 1"));

            await BusyAsync();

            (await CountAsync()).Should().Be(40);
            (await Scene.Catalog.GetStatusAsync()).Pruned.Should().Be(default(Position));
        }

        (await Scene.Catalog.PruneAsync(Lease, _month.Start)).Should().Be(_old[^1].Position);
        (await CountAsync()).Should().Be(10);
    }

    [Fact]
    public async Task Where_readers_are_in_the_way_nothing_is_hashed()
    {
        await Scene.Store.ExecuteAsync(string.Create(
            CultureInfo.InvariantCulture,
            $$"""
            set session_replication_role = replica;
            update {s}.events set payload = convert_to('{}', 'UTF8') where position = {{_old[3].Position.Value}};
            set session_replication_role = origin
            """));
        await using var reader = await OpenAsync();
        await reader.ExecuteAsync(Scene.Store.Named("begin; select from {s}.events limit 1"));

        await BusyAsync();

        await reader.ExecuteAsync("rollback");
        (await FluentActions.Awaiting(() => Scene.Catalog.PruneAsync(Lease, _month.Start))
            .Should().ThrowAsync<ArchiveRefusedException>()).Which.Reason.Should().Be(ArchiveRefusal.Changed);
    }

    [Fact]
    public async Task A_writer_that_is_still_in_the_month_is_waited_for_and_its_event_stays()
    {
        await using var writer = await OpenAsync();
        await writer.ExecuteAsync(LateEvent());

        var pruning = PruneAsync();
        await WaitedForAsync(writer);
        await writer.ExecuteAsync("commit");

        (await pruning).Should().Be("changed");
        (await CountAsync()).Should().Be(40);
        (await Scene.Store.ScalarAsync<long>($"select count(*) from {{s}}.events where recorded_at < {MonthText} + interval '1 month'"))
            .Should().Be(31);
    }

    [Theory]
    [InlineData("select outcome from {s}.prune_month({epoch}, {month}, '1 second')")]
    [InlineData("select outcome from {s}.allow_prune({epoch}, {month})")]
    [InlineData("select outcome from {s}.plan_batch({epoch}, {last}, {last} + 1, {last} + 9, 9, now(), now(), 1)")]
    [InlineData("select outcome from {s}.verify_batch({epoch}, {last}, 1, '', '{}', '{}', '{}', '{}', '{}')")]
    public async Task A_step_in_an_older_snapshot_is_refused(string step)
    {
        await using var session = await OpenAsync();
        foreach (var level in new[] { "repeatable read", "serializable" })
        {
            await session.ExecuteAsync($"begin isolation level {level}");

            var refusal = await FluentActions.Awaiting(() => session.ExecuteAsync(Scene.Store.Named(step
                    .Replace("{epoch}", Lease.Epoch.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
                    .Replace("{last}", _old[^1].Position.ToString(), StringComparison.Ordinal)
                    .Replace("{month}", MonthText, StringComparison.Ordinal))))
                .Should().ThrowAsync<PostgresException>();

            refusal.Which.SqlState.Should().Be(WrongLevel);
            await session.ExecuteAsync("rollback");
        }

        (await CountAsync()).Should().Be(40);
    }

    [Fact]
    public async Task A_stream_is_not_read_in_a_snapshot_that_is_older_than_the_leaving_of_its_month()
    {
        await using var reader = await OpenAsync();
        await reader.ExecuteAsync(
            Scene.Store.Named("begin isolation level repeatable read; select from {s}.store"));
        await Scene.Catalog.PruneAsync(Lease, _month.Start);

        var refusal = await FluentActions.Awaiting(
                () => reader.ExecuteAsync(Scene.Store.Named("select from {s}.read_stream('order', 's0')")))
            .Should().ThrowAsync<PostgresException>();

        refusal.Which.SqlState.Should().Be(WrongLevel);
        await reader.ExecuteAsync("rollback");
        (await FluentActions.Awaiting(
                () => reader.ExecuteAsync(Scene.Store.Named("select from {s}.read_stream('order', 's0')")))
            .Should().ThrowAsync<PostgresException>()).Which.SqlState.Should().Be("ES410");
        (await reader.ScalarAsync<long>(Scene.Store.Named("select count(*) from {s}.read_stream('order', 't0')")))
            .Should().Be(5);
    }

    [Fact]
    public async Task A_hold_that_is_placed_while_the_month_is_hashed_counts()
    {
        await using var reader = await OpenAsync();
        await reader.ExecuteAsync(Scene.Store.Named("begin; select from {s}.events limit 1"));
        var pruning = PruneAsync();
        await WaitedForAsync(reader);

        await Scene.Catalog.PlaceHoldAsync(Hold());
        await reader.ExecuteAsync("rollback");

        (await pruning).Should().Be("held");
        (await CountAsync()).Should().Be(40);
    }

    [Fact]
    public async Task A_hold_that_is_being_placed_is_waited_for_and_counts()
    {
        await using var counsel = await OpenAsync();
        await counsel.ExecuteAsync(Scene.Store.Named(string.Create(
            CultureInfo.InvariantCulture,
            $$"""
            begin;
            insert into {s}.archive_holds (hold_id, reason, from_position, placed_by)
            values (gen_random_uuid(), 'case 7', {{_old[2].Position.Value}}, 'counsel')
            """)));

        var pruning = PruneAsync();
        await WaitedForAsync(counsel);
        await counsel.ExecuteAsync("commit");

        (await pruning).Should().Be("held");
        (await CountAsync()).Should().Be(40);
    }

    [Theory]
    [InlineData("update {s}.store set minimum_retention = '100 years'", "retained")]
    [InlineData(
        "insert into {s}.subscriptions (consumer, owner, owner_epoch, updated_at) values ('new', 'o', 1, now())",
        "behind")]
    public async Task What_has_to_stay_since_the_month_was_hashed_stays(string change, string outcome)
    {
        await using var reader = await OpenAsync();
        await reader.ExecuteAsync(Scene.Store.Named("begin; select from {s}.events limit 1"));
        var pruning = PruneAsync();
        await WaitedForAsync(reader);

        await Scene.Store.ExecuteAsync(change);
        await reader.ExecuteAsync("rollback");

        (await pruning).Should().Be(outcome);
        (await CountAsync()).Should().Be(40);
    }

    [Fact]
    public async Task Steps_are_what_they_are_whatever_the_sessions_default_to()
    {
        await Scene.Store.ExecuteAsync(
            """
            create table {s}.seen (statement_timeout text, isolation text);
            create function {s}.see() returns trigger language plpgsql as $$
            begin
              execute format('insert into %I.seen values ($1, $2)', tg_table_schema)
              using current_setting('statement_timeout'), current_setting('transaction_isolation');
              return new;
            end $$;
            create trigger batches_see before update on {s}.batches for each row execute function {s}.see()
            """);
        await using var source = NpgsqlDataSource.Create(database.With(connection => connection.Options =
            "-c statement_timeout=1h -c default_transaction_isolation=serializable"));
        var catalog = new PostgresArchiveCatalog(source, Scene.Store.Options);

        (await catalog.PruneAsync(Lease, _month.Start)).Should().Be(_old[^1].Position);

        (await Scene.Store.ColumnAsync<string>("select distinct statement_timeout || ' ' || isolation from {s}.seen"))
            .Should().Equal("0 read committed");
    }

    private static ArchiveHold Hold() => new(
        Guid.CreateVersion7(), "case 7", null, null, new StreamId("order", "s1"), "counsel");

    // An event that is recorded in the month after all.
    private string LateEvent() => Scene.Store.Named(string.Create(
        CultureInfo.InvariantCulture,
        $$"""
        begin;
        set local session_replication_role = replica;
        update {s}.events set recorded_at = {{MonthText}} + interval '1 day' where position = {{_new[0].Position.Value}}
        """));

    private async Task<NpgsqlConnection> OpenAsync() => await database.DataSource.OpenConnectionAsync();

    private Task<long> CountAsync() => Scene.Store.ScalarAsync<long>("select count(*) from {s}.events");

    private Task<string> PruneAsync() => Scene.Store.ScalarAsync<string>(string.Create(
        CultureInfo.InvariantCulture,
        $"select outcome from {{s}}.prune_month({Lease.Epoch}, {MonthText}, '{Patient}')"));

    private async Task BusyAsync() => (await FluentActions
        .Awaiting(() => Scene.Catalog.PruneAsync(Lease, _month.Start))
        .Should().ThrowAsync<ArchiveRefusedException>()).Which.Reason.Should().Be(ArchiveRefusal.Busy);

    // Until somebody waits for a lock of the session.
    private Task WaitedForAsync(NpgsqlConnection session) => Eventually.TrueAsync(
        () => Scene.Store.DataSource.ScalarAsync<bool>(
            $"select exists (select from pg_locks where not granted and {session.ProcessID} = any (pg_blocking_pids(pid)))"));
}
