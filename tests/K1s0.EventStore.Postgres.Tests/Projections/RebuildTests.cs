using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Postgres.Tests.Projections;

/// <summary>Tables that are made anew beside those in use.</summary>
public sealed class RebuildTests(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    private const string Name = "balances";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Wrong_tables_become_right_and_keep_their_names_keys_and_indexes(bool isKeyedByStream)
    {
        // marten#3690: a rebuild that is to be fast must not leave anything out.
        var store = await database.NewStoreAsync();
        await AppendSomeAsync(store, streams: 23, eventsPerStream: 31);
        var flags = new List<bool>();
        var projection = new Balances(store.Name, (_, context) =>
        {
            lock (flags)
            {
                flags.Add(context.IsRebuilding);
            }

            return Task.CompletedTask;
        })
        { IsKeyedByStream = isKeyedByStream };
        await FollowAsync(store, projection);
        await store.ExecuteAsync("update {s}.balances set balance = balance * 3; delete from {s}.balances where balance < 2000");
        var indexes = await IndexesAsync(store);
        var checkpoint = await store.Checkpoints.LoadAsync(Name, Cancellation);
        flags.Should().OnlyContain(flag => !flag);
        flags.Clear();
        var progress = new Reports();

        var result = await Rebuilder(store, projection).RebuildAsync(Small(), progress, Cancellation);

        (await Balances.ReadAsync(store)).Should().Equal(Balances.Fold(await store.FeedAsync()));
        result.Should().Be(new RebuildResult(23 * 31, checkpoint!.Position));
        flags.Should().NotBeEmpty().And.OnlyContain(flag => flag, "side effects must know that they happened before");
        (await IndexesAsync(store)).Should().Equal(indexes);
        (await store.Checkpoints.LoadAsync(Name, Cancellation)).Should().Be(checkpoint);
        (await RebuildSchemasAsync(store)).Should().BeEmpty();
        progress.All.Select(report => report.Events).Should().BeInAscendingOrder();
        progress.All.Select(report => report.Stage).Distinct().Should().Equal(
            RebuildStage.Applying, RebuildStage.Verifying, RebuildStage.Swapping);
        progress.All[^1].Position.Should().Be(progress.All[^1].Target);
    }

    [Fact]
    public async Task A_rebuild_of_an_empty_store_ends()
    {
        // marten#2519: an empty store kept the rebuild in a loop.
        var store = await database.NewStoreAsync();
        var projection = new Balances(store.Name);

        var result = await Rebuilder(store, projection).RebuildAsync(cancellationToken: Cancellation);

        result.Events.Should().Be(0);
        (await Balances.ReadAsync(store)).Should().BeEmpty();
    }

    [Fact]
    public async Task Tables_that_were_never_there_are_built_and_followed_from_where_the_rebuild_ended()
    {
        var store = await database.NewStoreAsync();
        await AppendSomeAsync(store, streams: 5, eventsPerStream: 20);
        var effects = 0;
        var projection = new Balances(store.Name, (events, context) =>
        {
            effects += context.IsRebuilding ? 0 : events.Count;
            return Task.CompletedTask;
        });

        var result = await Rebuilder(store, projection).RebuildAsync(Small(), cancellationToken: Cancellation);
        await store.Store.AppendAsync([Some.Append(Some.Stream(), 3)], Cancellation);
        await FollowAsync(store, projection);

        result.Events.Should().Be(100);
        effects.Should().Be(3, "what lies before the rebuild causes nothing again");
        (await Balances.ReadAsync(store)).Should().Equal(Balances.Fold(await store.FeedAsync()));
    }

    [Fact]
    [Trait("PeerBug", "B02")]
    public async Task No_event_is_lost_or_doubled_while_the_projection_and_its_writers_go_on()
    {
        var store = await database.NewStoreAsync();
        await AppendSomeAsync(store, streams: 10, eventsPerStream: 30);

        // A turn to append for each batch that is applied: writers without measure make the slower machine the larger
        // store, and each round rebuilds all of it.
        using var turns = new SemaphoreSlim(30);
        var projection = new Balances(store.Name, (_, _) =>
        {
            turns.Release();
            return Task.CompletedTask;
        });
        using var limit = new CancellationTokenSource(Patience);
        using var stop = new CancellationTokenSource();
        using var live = new LiveFeed(store.Store);
        await using var running = new RunningSubscription(Subscribe(store, projection, live), limit.Token);
        var writers = Enumerable.Range(0, 3).Select(_ => WriteAsync(store.Reopen(), turns, stop.Token)).ToArray();

        for (var round = 0; round < 3; round++)
        {
            await Rebuilder(store, projection).RebuildAsync(Small(), cancellationToken: limit.Token);
        }

        await stop.CancelAsync();
        await Task.WhenAll(writers);
        var end = (await store.FeedAsync())[^1].Position;
        await running.Subscription.WaitUntilCaughtUpAsync(end, Patience, limit.Token);

        (await Balances.ReadAsync(store)).Should().Equal(Balances.Fold(await store.FeedAsync()));
        running.Subscription.GetStatus().State.Should().NotBe(SubscriptionState.Failed);
    }

    [Fact]
    public async Task A_rebuild_that_is_cancelled_goes_on_where_it_stood()
    {
        var store = await database.NewStoreAsync();
        await AppendSomeAsync(store, streams: 20, eventsPerStream: 30);
        var applied = 0;
        using var stop = new CancellationTokenSource();
        var projection = new Balances(store.Name, async (events, _) =>
        {
            if (Interlocked.Add(ref applied, events.Count) > 300)
            {
                await stop.CancelAsync();
            }
        });
        var rebuilder = Rebuilder(store, projection);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => rebuilder.RebuildAsync(Small(), cancellationToken: stop.Token));
        (await RebuildSchemasAsync(store)).Should().ContainSingle();
        var before = applied;
        var progress = new Reports();
        var result = await Rebuilder(store, new Balances(store.Name)).RebuildAsync(Small(lanes: 7), progress, Cancellation);

        before.Should().BeInRange(301, 599);
        progress.All[0].Events.Should().BeGreaterThan(100, "what was committed is not applied again");
        result.Events.Should().Be(600);
        (await Balances.ReadAsync(store)).Should().Equal(Balances.Fold(await store.FeedAsync()));
    }

    [Fact]
    public async Task What_an_unfinished_rebuild_left_can_be_thrown_away_or_started_over()
    {
        var store = await database.NewStoreAsync();
        await AppendSomeAsync(store, streams: 4, eventsPerStream: 10);
        await FollowAsync(store, new Balances(store.Name));
        var wrong = new Balances(store.Name, (events, context) => events.Any(one => one.Version > 5)
            ? throw new HandlerBrokenException()
            : ExecuteAsync(context, $"update {context.Table(Balances.Table)} set balance = -1"));
        await Assert.ThrowsAsync<EventHandlingException>(
            () => Rebuilder(store, wrong).RebuildAsync(Small(), cancellationToken: Cancellation));

        var options = Small();
        options.StartOver = true;
        await Rebuilder(store, new Balances(store.Name)).RebuildAsync(options, cancellationToken: Cancellation);

        (await Balances.ReadAsync(store)).Should().Equal(Balances.Fold(await store.FeedAsync()));
        await Assert.ThrowsAsync<EventHandlingException>(
            () => Rebuilder(store, wrong).RebuildAsync(Small(), cancellationToken: Cancellation));
        await Rebuilder(store, wrong).DiscardAsync(Cancellation);
        (await RebuildSchemasAsync(store)).Should().BeEmpty();
    }

    [Fact]
    public async Task An_event_that_fails_is_named_and_the_tables_in_use_stay_as_they_are()
    {
        // marten#2317, #2334: one bad event made a rebuild hang, and the error was hidden.
        var store = await database.NewStoreAsync();
        await AppendSomeAsync(store, streams: 6, eventsPerStream: 20);
        await FollowAsync(store, new Balances(store.Name));
        var before = await Balances.ReadAsync(store);
        var bad = (await store.FeedAsync())[77];
        var broken = new Balances(store.Name, (events, _) =>
            events.Any(one => one.Id == bad.Id) ? throw new HandlerBrokenException() : Task.CompletedTask);

        var failure = await Assert.ThrowsAsync<EventHandlingException>(
            () => Rebuilder(store, broken).RebuildAsync(Small(), cancellationToken: Cancellation));
        var untouched = await Balances.ReadAsync(store);
        var mended = await Rebuilder(store, new Balances(store.Name)).RebuildAsync(Small(), cancellationToken: Cancellation);

        failure.Envelope.Id.Should().Be(bad.Id);
        failure.InnerException.Should().BeOfType<HandlerBrokenException>();
        untouched.Should().Equal(before);
        mended.Events.Should().Be(120);
        (await Balances.ReadAsync(store)).Should().Equal(before);
    }

    [Fact]
    public async Task The_call_that_began_last_has_the_rebuild_and_the_other_one_is_told()
    {
        var store = await database.NewStoreAsync();
        await AppendSomeAsync(store, streams: 4, eventsPerStream: 25);
        var entered = new TaskCompletionSource();
        var release = new TaskCompletionSource();
        var first = Rebuilder(store, new Balances(store.Name, async (_, _) =>
        {
            entered.TrySetResult();
            await release.Task.WaitAsync(Patience);
        })).RebuildAsync(Small(lanes: 1), cancellationToken: Cancellation);
        await entered.Task.WaitAsync(Patience, Cancellation);

        var second = Rebuilder(store, new Balances(store.Name)).RebuildAsync(Small(), cancellationToken: Cancellation);

        // The second one stands behind the lane that the first one holds: before that, the first one could come to its
        // end alone.
        await Eventually.TrueAsync(() => store.ScalarAsync<bool>(
            """
            select exists (
              select from pg_locks l join pg_stat_activity a using (pid)
              where not l.granted and a.datname = current_database())
            """));
        release.SetResult();

        var lost = await Assert.ThrowsAsync<ProjectionRebuildException>(() => first);
        (await second).Events.Should().Be(100);
        lost.Failure.Should().Be(RebuildFailure.TakenOver);
        (await Balances.ReadAsync(store)).Should().Equal(Balances.Fold(await store.FeedAsync()));
    }

    [Fact]
    public async Task What_depends_on_the_tables_in_use_keeps_them_and_is_named()
    {
        var store = await database.NewStoreAsync();
        await AppendSomeAsync(store, streams: 3, eventsPerStream: 5);
        await FollowAsync(store, new Balances(store.Name));
        await store.ExecuteAsync("create view {s}.rich as select stream from {s}.balances where balance > 1");

        var refusal = await Assert.ThrowsAsync<ProjectionRebuildException>(
            () => Rebuilder(store, new Balances(store.Name)).RebuildAsync(Small(), cancellationToken: Cancellation));

        refusal.Failure.Should().Be(RebuildFailure.TablesInUse);
        (await store.ScalarAsync<long>("select count(*) from {s}.rich")).Should().Be(3);
        await store.ExecuteAsync("drop view {s}.rich");
        await Rebuilder(store, new Balances(store.Name)).RebuildAsync(Small(), cancellationToken: Cancellation);
    }

    [Fact]
    public async Task Parked_events_keep_the_tables_from_being_swapped_because_their_replay_would_count_twice()
    {
        var store = await database.NewStoreAsync();
        await AppendSomeAsync(store, streams: 2, eventsPerStream: 5);
        var bad = (await store.FeedAsync())[4];
        var broken = new Balances(store.Name, (events, _) =>
            events.Any(one => one.Id == bad.Id) ? throw new HandlerBrokenException() : Task.CompletedTask);
        await FollowAsync(store, broken, options => options.OnFailure = FailureAction.Park);
        var before = await Balances.ReadAsync(store);

        var refusal = await Assert.ThrowsAsync<ProjectionRebuildException>(
            () => Rebuilder(store, new Balances(store.Name)).RebuildAsync(Small(), cancellationToken: Cancellation));

        refusal.Failure.Should().Be(RebuildFailure.EventsParked);
        (await Balances.ReadAsync(store)).Should().Equal(before);
        var parked = new PostgresParkedEventStore(store.DataSource, store.Options);
        foreach (var one in await parked.ListAsync(Name, cancellationToken: Cancellation))
        {
            await parked.RemoveAsync(Name, one.Position, Cancellation);
        }

        await Rebuilder(store, new Balances(store.Name)).RebuildAsync(Small(), cancellationToken: Cancellation);
        (await Balances.ReadAsync(store)).Should().Equal(Balances.Fold(await store.FeedAsync()));
    }

    [Fact]
    public async Task Counts_that_differ_from_the_feed_are_never_swapped_in()
    {
        var store = await database.NewStoreAsync();
        await AppendSomeAsync(store, streams: 4, eventsPerStream: 10);
        await FollowAsync(store, new Balances(store.Name));
        await Assert.ThrowsAsync<EventHandlingException>(() => Rebuilder(store, new Balances(
            store.Name, (events, _) => events.Any(one => one.Version > 5)
                ? throw new HandlerBrokenException()
                : Task.CompletedTask)).RebuildAsync(Small(), cancellationToken: Cancellation));
        var schema = (await RebuildSchemasAsync(store)).Single();
        await store.ExecuteAsync($"update {schema}.k1s0_rebuild_lanes set events = events + 1 where lane = 0");

        var refusal = await Assert.ThrowsAsync<ProjectionRebuildException>(
            () => Rebuilder(store, new Balances(store.Name)).RebuildAsync(Small(), cancellationToken: Cancellation));

        refusal.Failure.Should().Be(RebuildFailure.CountsDiffer);
        refusal.Message.Should().Contain("41 events were applied").And.Contain("the feed has 40");
    }

    [Fact]
    public async Task A_projection_that_stays_behind_the_rebuild_is_waited_for_and_not_for_ever()
    {
        var store = await database.NewStoreAsync();
        await AppendSomeAsync(store, streams: 2, eventsPerStream: 10);
        await FollowAsync(store, new Balances(store.Name));
        var time = new ManualTime(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
        var behind = false;
        var projection = new Balances(store.Name, async (_, context) =>
        {
            if (context.IsRebuilding && !behind)
            {
                behind = true;
                var claim = await store.Checkpoints.ClaimAsync(Name, "reset", Cancellation);
                await store.Checkpoints.SaveAsync(
                    claim, claim.Checkpoint! with { Position = new Position(3), ChainHash = default }, Cancellation);
            }
        });

        var rebuild = Rebuilder(store, projection, time).RebuildAsync(Small(), cancellationToken: Cancellation);
        while (!rebuild.IsCompleted)
        {
            Cancellation.ThrowIfCancellationRequested();
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        var refusal = await Assert.ThrowsAsync<ProjectionRebuildException>(() => rebuild);
        (refusal.Failure, refusal.IsTransient).Should().Be((RebuildFailure.NotInTime, true));
        await FollowAsync(store, new Balances(store.Name));
        await Rebuilder(store, projection).RebuildAsync(Small(), cancellationToken: Cancellation);
        (await Balances.ReadAsync(store)).Should().Equal(Balances.Fold(await store.FeedAsync()));
    }

    [Fact]
    public async Task Options_out_of_range_are_refused()
    {
        var store = await database.NewStoreAsync();
        var rebuilder = Rebuilder(store, new Balances(store.Name));

        foreach (var options in new[]
        {
            new RebuildOptions { Lanes = 0 },
            new RebuildOptions { Lanes = 65 },
            new RebuildOptions { BatchSize = 10_001 },
            new RebuildOptions { SwapTimeout = TimeSpan.Zero },
        })
        {
            await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
                () => rebuilder.RebuildAsync(options, cancellationToken: Cancellation));
        }
    }

    private static RebuildOptions Small(int lanes = 4) => new() { BatchSize = 10, Lanes = lanes };

    private static ProjectionRebuilder Rebuilder(TestStore store, IProjection projection, TimeProvider? time = null) =>
        new(store.DataSource, Name, projection, store.Options, timeProvider: time);

    private static Subscription Subscribe(
        TestStore store, IProjection projection, LiveFeed live, Action<SubscriptionOptions>? configure = null)
    {
        var options = new SubscriptionOptions
        {
            BatchSize = 7,
            MaxAttempts = 1,
            RetryDelay = TimeSpan.FromMilliseconds(1),
            MaxRetryDelay = TimeSpan.FromMilliseconds(2),
        };
        configure?.Invoke(options);
        return new Subscription(
            Name,
            new ProjectionHandler(store.DataSource, projection, store.Options),
            live,
            store.Checkpoints,
            options,
            new PostgresParkedEventStore(store.DataSource, store.Options));
    }

    private static async Task FollowAsync(
        TestStore store, IProjection projection, Action<SubscriptionOptions>? configure = null)
    {
        using var limit = new CancellationTokenSource(Patience);
        using var live = new LiveFeed(store.Store);
        await Subscribe(store, projection, live, options =>
        {
            options.End = SubscriptionEnd.SettledBound;
            configure?.Invoke(options);
        }).RunAsync(limit.Token);
    }

    private static async Task AppendSomeAsync(TestStore store, int streams, int eventsPerStream)
    {
        var all = Enumerable.Range(0, streams).Select(_ => Some.Stream()).ToArray();
        for (var round = 0; round < eventsPerStream; round++)
        {
            await store.Store.AppendAsync([.. all.Select(stream => Some.Append(stream))]);
        }
    }

    private static async Task WriteAsync(TestStore store, SemaphoreSlim turns, CancellationToken stop)
    {
        var streams = Enumerable.Range(0, 4).Select(_ => Some.Stream()).ToArray();
        for (var count = 0; await HasTurnAsync(turns, stop); count++)
        {
            await store.Store.AppendAsync([Some.Append(streams[count % streams.Length], 2)], CancellationToken.None);
        }
    }

    private static async Task<bool> HasTurnAsync(SemaphoreSlim turns, CancellationToken stop)
    {
        try
        {
            await turns.WaitAsync(stop);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private static async Task ExecuteAsync(ProjectionContext context, string sql)
    {
        await using var command = context.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(Cancellation);
    }

    private static Task<IReadOnlyList<string>> IndexesAsync(TestStore store) => store.ColumnAsync<string>(
        $"select indexname || ': ' || indexdef from pg_indexes where schemaname = '{store.Name}' and tablename = 'balances' order by 1");

    // Those of this store: a rebuild that was given up by another test of the class is another store's.
    private static Task<IReadOnlyList<string>> RebuildSchemasAsync(TestStore store)
    {
        var schema = new RebuildTables(
            new PostgresDatabase(store.DataSource, new SqlCatalog(new SchemaName(store.Name)), store.Options),
            ProjectionTables.Of(new Balances(store.Name)),
            Name).Schema.Value;
        return store.ColumnAsync<string>($"select nspname::text from pg_namespace where nspname = '{schema}'");
    }

    private sealed class Reports : IProgress<RebuildProgress>
    {
        public List<RebuildProgress> All { get; } = [];

        public void Report(RebuildProgress value) => All.Add(value);
    }
}
