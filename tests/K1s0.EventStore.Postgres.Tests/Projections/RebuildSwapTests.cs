using System.Diagnostics;
using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.Projections;

/// <summary>How a rebuild counts, reads and swaps on a store that is large or in use.</summary>
public sealed class RebuildSwapTests(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    private const string Name = "balances";
    private const string SourceName = "K1s0.EventStore.Rebuilds";

    private static readonly ActivitySource Source = new(SourceName);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task No_statement_looks_at_more_positions_than_it_can_in_time(bool isInline)
    {
        var store = await database.NewStoreAsync();
        await store.Store.AppendAsync([Some.Append(Some.Stream(), 15)], Cancellation);
        await store.ExecuteAsync($"select setval('{{s}}.positions', {7 * RebuildFeed.MaxPositions})");
        await store.Store.AppendAsync([Some.Append(Some.Stream(), 15)], Cancellation);
        var projection = new Balances(store.Name) { Filter = new FeedFilter { StreamTypes = ["no such type"] } };

        var (statements, result) = await TraceAsync(() => Rebuilder(store, projection, isInline).RebuildAsync(
            new RebuildOptions { BatchSize = 10, Lanes = 2 }, cancellationToken: Cancellation));

        statements.Count(text => text.Contains("-- How many events of the feed", StringComparison.Ordinal))
            .Should().BeGreaterThanOrEqualTo(8);
        statements.Count(text => text.Contains("-- A page of the feed for one lane", StringComparison.Ordinal))
            .Should().BeGreaterThanOrEqualTo(2 * 8);
        result.Events.Should().Be(0);

        var all = await Rebuilder(store, new Balances(store.Name), isInline).RebuildAsync(
            new RebuildOptions { BatchSize = 10, Lanes = 2 }, cancellationToken: Cancellation);
        all.Should().Be(new RebuildResult(30, (await store.FeedAsync())[^1].Position));
        (await Balances.ReadAsync(store)).Should().Equal(Balances.Fold(await store.FeedAsync()));
    }

    [Fact]
    public async Task A_first_checkpoint_that_is_stored_while_the_tables_are_swapped_is_not_overlooked()
    {
        var store = await database.NewStoreAsync();
        await store.Store.AppendAsync([Some.Append(Some.Stream(), 20)], Cancellation);
        var feed = await store.FeedAsync();
        var identity = await store.Store.GetIdentityAsync(Cancellation);
        await using var connection = await store.DataSource.OpenConnectionAsync(Cancellation);
        await using var other = await connection.BeginTransactionAsync(Cancellation);
        await connection.ExecuteAsync(store.Named(
            $$"""
            insert into {s}.subscriptions (consumer, owner, owner_epoch, position, store_id, store_epoch, updated_at)
            values ('{{Name}}', 'other', 1, {{feed[4].Position}}, '{{identity.StoreId}}', {{identity.Epoch}}, now())
            """));

        var rebuild = Rebuilder(store, new Balances(store.Name)).RebuildAsync(
            new RebuildOptions { SwapTimeout = TimeSpan.FromSeconds(1) }, cancellationToken: Cancellation);
        await Eventually.TrueAsync(async () => rebuild.IsCompleted || await store.DataSource.ScalarAsync<bool>(
            $"select exists (select from pg_locks where not granted and {connection.ProcessID} = any (pg_blocking_pids(pid)))"));
        await other.CommitAsync(Cancellation);

        // The tables would hold what the projection in use, from its checkpoint on, is about to apply once more.
        var refusal = await Assert.ThrowsAsync<ProjectionRebuildException>(() => rebuild);
        refusal.Failure.Should().Be(RebuildFailure.NotInTime);
        (await store.Checkpoints.LoadAsync(Name, Cancellation))!.Position.Should().Be(feed[4].Position);
        (await store.ScalarAsync<bool>("select to_regclass('{s}.balances') is null")).Should().BeTrue();
    }

    [Fact]
    public async Task Lanes_that_came_further_than_the_projection_in_use_are_followed_by_the_others()
    {
        var store = await database.NewStoreAsync();
        var streams = Enumerable.Range(0, 8).Select(_ => Some.Stream()).ToArray();
        for (var round = 0; round < 10; round++)
        {
            await store.Store.AppendAsync([.. streams.Select(stream => Some.Append(stream))], Cancellation);
        }

        await KilledSwapProcess.FollowAsync(store.DataSource, store.Store, store.Options, Cancellation);
        var feed = await store.FeedAsync();
        await Assert.ThrowsAsync<EventHandlingException>(() => Rebuilder(store, new Balances(
            store.Name, (events, _) => events.Any(one => one.Id == feed[20].Id)
                ? throw new InvalidOperationException("broken by the test")
                : Task.CompletedTask)).RebuildAsync(Small, cancellationToken: Cancellation));
        var claim = await store.Checkpoints.ClaimAsync(Name, "reset", Cancellation);
        await store.ExecuteAsync("truncate {s}.balances");
        await store.Checkpoints.SaveAsync(
            claim, claim.Checkpoint! with { Position = new Position(1), ChainHash = default }, Cancellation);
        var isVerifying = new Reached(RebuildStage.Verifying);

        var rebuild = Rebuilder(store, new Balances(store.Name)).RebuildAsync(Small, isVerifying, Cancellation);
        await isVerifying.Task.WaitAsync(Cancellation);
        await KilledSwapProcess.FollowAsync(store.DataSource, store.Store, store.Options, Cancellation);

        (await rebuild).Events.Should().Be(feed.Count);
        (await Balances.ReadAsync(store)).Should().Equal(Balances.Fold(feed));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Events_that_the_swap_applied_and_the_feed_does_not_have_are_never_swapped_in(bool isInline)
    {
        var store = await database.NewStoreAsync();
        await store.Store.AppendAsync([Some.Append(Some.Stream(), 20)], Cancellation);
        await KilledSwapProcess.FollowAsync(store.DataSource, store.Store, store.Options, Cancellation);
        var (batches, rest) = (0, Some.Stream());
        var projection = new Balances(store.Name, async (events, context) =>
        {
            if (++batches == 1)
            {
                await store.Store.AppendAsync([Some.Append(rest, 3)], Cancellation);
                await KilledSwapProcess.FollowAsync(store.DataSource, store.Store, store.Options, Cancellation);
            }
            else if (events.Any(one => one.StreamId == rest))
            {
                // Behind the library's back, in the transaction of the swap.
                await using var command = context.CreateCommand(store.Named(
                    $"""
                    set local session_replication_role = replica;
                    delete from {"{s}"}.events where stream_id = '{rest.AggregateId}' and version = 2
                    """));
                await command.ExecuteNonQueryAsync(Cancellation);
            }
        });

        var refusal = await Assert.ThrowsAsync<ProjectionRebuildException>(
            () => Rebuilder(store, projection, isInline).RebuildAsync(
                new RebuildOptions { BatchSize = 20, Lanes = 1, SwapTimeout = TimeSpan.FromSeconds(1) },
                cancellationToken: Cancellation));

        refusal.Failure.Should().Be(RebuildFailure.CountsDiffer);
        refusal.Message.Should().Contain("3 events were applied").And.Contain("the feed has 2");
        (await Balances.ReadAsync(store)).Should().Equal(Balances.Fold(await store.FeedAsync()));
    }

    [Fact]
    public async Task A_swap_beside_appends_never_applies_more_than_a_little_while_it_keeps_them_off()
    {
        var store = await database.NewStoreAsync();
        await store.Store.AppendAsync([Some.Append(Some.Stream(), 5)], Cancellation);
        await using var connection = await store.DataSource.OpenConnectionAsync(Cancellation);
        await using var open = await connection.BeginTransactionAsync(Cancellation);
        await store.Store.AppendAsync([Some.Append(Some.Stream())], open, Cancellation);
        await store.Store.AppendAsync([Some.Append(Some.Stream(), 30)], Cancellation);
        var options = new RebuildOptions { BatchSize = 5, Lanes = 2, SwapTimeout = TimeSpan.FromSeconds(1) };

        var refusal = await Assert.ThrowsAsync<ProjectionRebuildException>(
            () => Rebuilder(store, new Balances(store.Name), isInline: true).RebuildAsync(
                options, cancellationToken: Cancellation));
        refusal.Failure.Should().Be(RebuildFailure.NotInTime);
        refusal.Message.Should().Contain("an append that is open");
        (await store.ScalarAsync<bool>("select to_regclass('{s}.balances') is null")).Should().BeTrue();

        // What was open ends while the swap waits: the rest is applied before it.
        options.SwapTimeout = TimeSpan.FromMinutes(2);
        var isSwapping = new Reached(RebuildStage.Swapping);
        var rebuild = Rebuilder(store, new Balances(store.Name), isInline: true)
            .RebuildAsync(options, isSwapping, Cancellation);
        await isSwapping.Task.WaitAsync(Cancellation);
        await open.CommitAsync(Cancellation);

        (await rebuild).Events.Should().Be(36);
        (await Balances.ReadAsync(store)).Should().Equal(Balances.Fold(await store.FeedAsync()));
    }

    [Fact]
    public async Task An_error_of_the_server_that_the_projection_swallows_does_not_pass_in_a_rebuild()
    {
        var store = await database.NewStoreAsync();
        await store.Store.AppendAsync([Some.Append(Some.Stream(), 10)], Cancellation);
        var bad = (await store.FeedAsync())[6].Id;
        var projection = new Balances(store.Name, async (events, context) =>
        {
            if (events.Any(one => one.Id == bad))
            {
                await using var command = context.CreateCommand("select 1 / 0");
                await Assert.ThrowsAsync<PostgresException>(() => command.ExecuteScalarAsync(Cancellation));
            }
        });

        var failure = await Assert.ThrowsAsync<EventHandlingException>(
            () => Rebuilder(store, projection).RebuildAsync(Small, cancellationToken: Cancellation));

        failure.Envelope.Id.Should().Be(bad);
        (await store.ScalarAsync<bool>("select to_regclass('{s}.balances') is null")).Should().BeTrue();
    }

    private static RebuildOptions Small =>
        new() { BatchSize = 5, Lanes = 4, SwapTimeout = TimeSpan.FromMinutes(5) };

    private static ProjectionRebuilder Rebuilder(TestStore store, IProjection projection, bool isInline = false) =>
        new(store.DataSource, Name, projection, store.Options, isInline);

    // The driver traces each command under the activity that it was sent in; other tests have others.
    private static async Task<(IReadOnlyList<string> Statements, TResult Result)> TraceAsync<TResult>(
        Func<Task<TResult>> action)
    {
        var (statements, trace) = (new List<string>(), default(ActivityTraceId));
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name is SourceName or "Npgsql",
            Sample = static (ref _) => ActivitySamplingResult.AllData,
            ActivityStopped = activity =>
            {
                if (activity.Source.Name is "Npgsql" && activity.TraceId == trace)
                {
                    lock (statements)
                    {
                        statements.AddRange(activity.TagObjects
                            .Where(tag => tag.Key is "db.statement" or "db.query.text")
                            .Select(tag => (string)tag.Value!));
                    }
                }
            },
        };
        ActivitySource.AddActivityListener(listener);
        using var activity = Source.StartActivity("traced");
        trace = activity!.TraceId;
        var result = await action();
        return (statements, result);
    }

    private sealed class Reached(RebuildStage stage) : IProgress<RebuildProgress>
    {
        private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Task => _reached.Task;

        public void Report(RebuildProgress value)
        {
            if (value.Stage == stage)
            {
                _reached.TrySetResult();
            }
        }
    }
}
