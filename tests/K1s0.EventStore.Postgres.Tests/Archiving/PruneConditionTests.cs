using System.Globalization;
using K1s0.EventStore.Postgres.Tests.Partitions;
using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.Archiving;

/// <summary>
/// The last step of a month's leaving trusts nothing of what was there before: each of its conditions, with the tables
/// changed behind everybody's back where the steps cannot bring it about.
/// </summary>
[Trait("Invariant", "I30")]
public sealed class PruneConditionTests(StoreDatabase database) : IClassFixture<StoreDatabase>, IAsyncLifetime
{
    private readonly Month _older = Month.Ahead(-3);
    private readonly Month _month = Month.Ahead(-2);
    private readonly BucketDirectory _bucket = new();
    private ArchiveScene? _scene;
    private Lease? _lease;
    private IReadOnlyList<EventEnvelope> _events = [];

    private ArchiveScene Scene => _scene!;

    private string MonthText => string.Create(
        CultureInfo.InvariantCulture, $"'{_month.Start:yyyy-MM-dd} 00:00:00+00'::timestamptz");

    // Two months are listed, each in a batch of its own, and both may leave.
    public async ValueTask InitializeAsync()
    {
        _scene = await ArchiveScene.CreateAsync(database, _bucket.Objects);
        Scene.Options.MaxEventsPerBatch = 10;
        await Scene.AppendAsync(_older, 10, 2);
        _events = await Scene.AppendAsync(_month, 10, 2, "t");
        Scene.Options.Prune = false;
        (await Scene.Archiver().ArchiveAsync()).Batches.Should().Be(2);
        _lease = (await Scene.Store.Leases.TryAcquireAsync(
            IArchiveCatalog.LeaseName, "test", TimeSpan.FromHours(1)))!;
        await Scene.Catalog.AllowPruneAsync(_lease, _older.Start);
        await Scene.Catalog.AllowPruneAsync(_lease, _month.Start);
    }

    public async ValueTask DisposeAsync()
    {
        await Scene.DisposeAsync();
        _bucket.Dispose();
    }

    /// <summary>As it is when the lease was lost after it was asked whether readers are in the way.</summary>
    [Theory]
    [InlineData("update {s}.leases set epoch = epoch + 1")]
    [InlineData("update {s}.leases set expires_at = clock_timestamp()")]
    [InlineData("delete from {s}.leases")]
    public async Task Who_is_not_the_leader_any_more_lets_nothing_leave(string change)
    {
        await BehindEverybodysBackAsync(change);

        (await PruneAsync()).Should().Be("fenced");

        (await CountAsync()).Should().Be(20);
    }

    [Fact]
    public async Task A_month_in_which_events_may_be_recorded_still_stays()
    {
        await Scene.Store.ExecuteAsync($"update {{s}}.store set recorded_floor = {MonthText}");

        (await PruneAsync()).Should().Be("moved");

        (await CountAsync()).Should().Be(20);
    }

    [Fact]
    public async Task A_month_stays_when_the_books_do_not_have_a_batch_of_another_one_before_it_as_listed()
    {
        await BehindEverybodysBackAsync(
            "update {s}.batches set state = 'verified' where last_position = (select min(last_position) from {s}.batches)");

        (await PruneAsync()).Should().Be("not_listed");

        (await CountAsync()).Should().Be(20);
    }

    [Theory]
    [InlineData("update {s}.events set payload = convert_to('{}', 'UTF8') where position = {position}")]
    [InlineData("update {s}.events set chain_hash = sha256(chain_hash) where position = {position}")]
    [InlineData("update {s}.events set recorded_at = recorded_at + interval '1 second' where position = {position}")]
    [InlineData("delete from {s}.events where position = {position}")]
    [InlineData("delete from {s}.events where recorded_at >= {month} and recorded_at < {month} + interval '1 month'")]
    [InlineData("update {s}.batch_months set event_count = event_count + 1 where month = {month}")]
    [InlineData("update {s}.batch_months set digest = sha256(digest) where month = {month}")]
    [InlineData("delete from {s}.batch_months where month = {month}")]
    public async Task A_month_whose_rows_are_not_those_that_were_verified_stays(string change)
    {
        await BehindEverybodysBackAsync(change
            .Replace("{position}", _events[3].Position.ToString(), StringComparison.Ordinal)
            .Replace("{month}", MonthText, StringComparison.Ordinal));
        var before = await CountAsync();

        (await PruneAsync()).Should().Be("changed");

        (await CountAsync()).Should().Be(before);
    }

    [Fact]
    public async Task The_end_waits_for_readers_no_longer_than_it_was_told()
    {
        await using var reader = await database.DataSource.OpenConnectionAsync();
        await reader.ExecuteAsync(Scene.Store.Named("begin; select from {s}.events limit 1"));

        // Where writers would be waited for very long.
        await using var session = await database.DataSource.OpenConnectionAsync();
        await session.ExecuteAsync("set deadlock_timeout = '10min'");
        var refusal = await FluentActions
            .Awaiting(() => session.ScalarAsync<string>(Scene.Store.Named(StepOf("1 millisecond"))))
            .Should().ThrowAsync<PostgresException>();
        await session.ExecuteAsync("reset deadlock_timeout");

        refusal.Which.SqlState.Should().Be(PostgresErrorCodes.LockNotAvailable);
        (await CountAsync()).Should().Be(20);
        await reader.ExecuteAsync("rollback");
        (await PruneAsync("1 minute")).Should().Be("done");
        (await CountAsync()).Should().Be(10);
    }

    [Fact]
    public async Task Who_writes_to_the_month_is_waited_for_until_deadlocks_were_looked_for_whatever_readers_are_worth()
    {
        await using var writer = await database.DataSource.OpenConnectionAsync();
        await writer.ExecuteAsync(Scene.Store.Named(
            $"begin; lock table {{s}}.{_month.Partition} in row exclusive mode"));
        await using var session = await database.DataSource.OpenConnectionAsync();
        await session.ExecuteAsync("set deadlock_timeout = '10min'");

        var pruning = session.ScalarAsync<string>(Scene.Store.Named(StepOf("1 millisecond")));
        await Eventually.TrueAsync(async () => pruning.IsCompleted || await Scene.Store.DataSource.ScalarAsync<bool>(
            $"select exists (select from pg_locks where not granted and {writer.ProcessID} = any (pg_blocking_pids(pid)))"));
        await writer.ExecuteAsync("rollback");

        (await pruning).Should().Be("done");
        await session.ExecuteAsync("reset deadlock_timeout");
    }

    private string StepOf(string patience) => string.Create(
        CultureInfo.InvariantCulture,
        $"select outcome from {{s}}.prune_month({_lease!.Epoch}, {MonthText}, '{patience}')");

    private Task<string> PruneAsync(string patience = "10 minutes") => Scene.Store.ScalarAsync<string>(StepOf(patience));

    private Task<long> CountAsync() => Scene.Store.ScalarAsync<long>("select count(*) from {s}.events");

    private Task BehindEverybodysBackAsync(string change) => Scene.Store.ExecuteAsync(
        $"set session_replication_role = replica; {change}; set session_replication_role = origin");
}
