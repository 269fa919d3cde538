using K1s0.EventStore.Conformance;
using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.Projections;

/// <summary>Projections behind the feed: their tables equal the fold of the events, whatever happens on the way.</summary>
public sealed class ProjectionTests(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    private const string Name = "balances";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_tables_are_made_and_hold_what_the_events_mean()
    {
        var store = await database.NewStoreAsync();
        await AppendSomeAsync(store, streams: 7, eventsPerStream: 13);
        var batches = new List<int>();
        var projection = new Balances(store.Name, (events, _) =>
        {
            batches.Add(events.Count);
            return Task.CompletedTask;
        });

        await RunAsync(store, projection, options => options.BatchSize = 10);

        (await Balances.ReadAsync(store)).Should().Equal(Balances.Fold(await store.FeedAsync()));
        batches.Should().HaveCount(10).And.OnlyContain(count => count <= 10, "events are handed over in batches");
    }

    [Fact]
    [Trait("Row", "X02")]
    public async Task Events_of_many_streams_and_writers_reach_one_row_in_one_order()
    {
        var store = await database.NewStoreAsync();
        var writers = Enumerable.Range(0, 4).Select(_ => store.Reopen()).ToArray();
        await Task.WhenAll(writers.Select(writer => AppendSomeAsync(writer, streams: 5, eventsPerStream: 20)));
        var seen = new List<Guid>();
        var projection = new Balances(store.Name, (events, _) =>
        {
            seen.AddRange(events.Select(envelope => envelope.Id));
            return Task.CompletedTask;
        })
        { IsKeyedByStream = false };

        await RunAsync(store, projection);

        var feed = await store.FeedAsync();
        feed.Should().HaveCount(400).And.BeInAscendingOrder(envelope => envelope.Position.Value);
        seen.Should().Equal(feed.Select(envelope => envelope.Id));
        feed.GroupBy(envelope => envelope.StreamId).Should().OnlyContain(
            stream => stream.Select(envelope => envelope.Version).SequenceEqual(Enumerable.Range(1, 20).Select(v => (long)v)));
    }

    [Fact]
    public async Task Only_events_that_its_filter_lets_through_reach_a_projection_even_when_the_subscription_has_none()
    {
        var store = await database.NewStoreAsync();
        await store.Store.AppendAsync([Some.Append(Some.Stream("order"), 3), Some.Append(Some.Stream("invoice"), 4)]);
        var projection = new Balances(store.Name) { Filter = new FeedFilter { StreamTypes = ["invoice"] } };

        await RunAsync(store, projection);

        (await Balances.ReadAsync(store)).Should().ContainSingle().Which.Value.Events.Should().Be(4);
    }

    [Fact]
    public async Task A_batch_that_fails_names_its_event_and_all_others_are_applied()
    {
        // B15: an event whose handling fails must neither pass silently nor take its neighbours along.
        var store = await database.NewStoreAsync();
        await AppendSomeAsync(store, streams: 5, eventsPerStream: 8);
        var feed = await store.FeedAsync();
        var bad = feed[23];
        var projection = new Balances(store.Name, (events, _) =>
            events.Any(envelope => envelope.Id == bad.Id) ? throw new HandlerBrokenException() : Task.CompletedTask);

        var stop = await Assert.ThrowsAsync<SubscriptionStoppedException>(() => RunAsync(store, projection));
        var before = await Balances.ReadAsync(store);
        var status = await RunAsync(store, projection, options => options.OnFailure = FailureAction.Skip);

        stop.Position.Should().Be(bad.Position);
        stop.InnerException.Should().BeOfType<HandlerBrokenException>();
        before.Should().Equal(Balances.Fold(feed.Take(23)));
        status.SkippedEvents.Should().Be(1);
        (await Balances.ReadAsync(store)).Should().Equal(Balances.Fold(feed.Where(one => one.Id != bad.Id)));
    }

    [Fact]
    public async Task An_error_of_the_server_that_a_projection_swallows_does_not_pass()
    {
        var store = await database.NewStoreAsync();
        await AppendSomeAsync(store, streams: 1, eventsPerStream: 9);
        var feed = await store.FeedAsync();
        var projection = new Balances(store.Name, async (events, context) =>
        {
            if (events.Any(envelope => envelope.Id == feed[4].Id))
            {
                await using var command = context.CreateCommand("select 1 / 0");
                await Assert.ThrowsAsync<PostgresException>(() => command.ExecuteScalarAsync(Cancellation));
            }
        });

        var stop = await Assert.ThrowsAsync<SubscriptionStoppedException>(() => RunAsync(store, projection));

        stop.Position.Should().Be(feed[4].Position);
        (await Balances.ReadAsync(store)).Should().Equal(Balances.Fold(feed.Take(4)));
    }

    [Fact]
    public async Task Sessions_that_are_killed_in_the_middle_change_no_total()
    {
        // B11: after a disconnect in the middle, the checkpoint is not ahead of what was applied.
        var store = await database.NewStoreAsync();
        await AppendSomeAsync(store, streams: 6, eventsPerStream: 10);
        var feed = await store.FeedAsync();
        var random = SeededRandom.Create();
        var killed = feed.OrderBy(_ => random.Next()).Take(8).Select(envelope => envelope.Id).ToHashSet();
        var projection = new Balances(store.Name, async (events, context) =>
        {
            if (events.Any(envelope => killed.Remove(envelope.Id)))
            {
                await store.DataSource.ExecuteAsync($"select pg_terminate_backend({context.Connection.ProcessID})");
            }
        });

        var status = await RunAsync(store, projection, options => options.BatchSize = 4);

        killed.Should().BeEmpty();
        status.Restarts.Should().BePositive();
        (await Balances.ReadAsync(store)).Should().Equal(Balances.Fold(feed));
    }

    [Fact]
    public async Task A_writer_reads_its_own_write_after_waiting_for_the_projection_here_and_from_another_process()
    {
        var store = await database.NewStoreAsync();
        var other = store.Reopen();
        using var live = new LiveFeed(store.Store);
        using var limit = new CancellationTokenSource(Patience);
        await using var running = new RunningSubscription(Subscribe(store, new Balances(store.Name), live), limit.Token);
        var stream = Some.Stream();
        for (var round = 1; round <= 20; round++)
        {
            var result = (await store.Store.AppendAsync([Some.Append(stream)], limit.Token))[0];

            await (round % 2 == 0
                ? running.Subscription.WaitUntilCaughtUpAsync(result.LastPosition, Patience, limit.Token)
                : other.Checkpoints.WaitUntilCaughtUpAsync(
                    Name, result.LastPosition, Patience, cancellationToken: limit.Token));

            (await Balances.ReadAsync(store))[stream.ToString()].Events.Should().Be(round);
        }
    }

    [Fact]
    public async Task Names_that_are_no_names_are_refused_before_anything_starts()
    {
        var store = await database.NewStoreAsync();

        foreach (var name in new[] { "", "a\"b", "pg_balances", new string('x', 64) })
        {
            var refusal = Assert.Throws<ArgumentException>(
                () => new ProjectionHandler(store.DataSource, new Named([name]), store.Options));
            refusal.Message.Should().Contain("table name");
        }

        Assert.Throws<ArgumentException>(() => new ProjectionHandler(store.DataSource, new Named([]), store.Options));
        Assert.Throws<ArgumentException>(
            () => new ProjectionHandler(store.DataSource, new Named(["a", "a"]), store.Options));
    }

    private static Subscription Subscribe(
        TestStore store, IProjection projection, LiveFeed live, Action<SubscriptionOptions>? configure = null)
    {
        var options = new SubscriptionOptions
        {
            MaxAttempts = 2,
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

    private static async Task<SubscriptionStatus> RunAsync(
        TestStore store, IProjection projection, Action<SubscriptionOptions>? configure = null)
    {
        using var limit = new CancellationTokenSource(Patience);
        using var live = new LiveFeed(store.Store);
        var subscription = Subscribe(store, projection, live, options =>
        {
            options.End = SubscriptionEnd.SettledBound;
            configure?.Invoke(options);
        });
        await subscription.RunAsync(limit.Token);
        return subscription.GetStatus();
    }

    private static async Task AppendSomeAsync(TestStore store, int streams, int eventsPerStream)
    {
        var all = Enumerable.Range(0, streams).Select(_ => Some.Stream()).ToArray();
        for (var round = 0; round < eventsPerStream; round++)
        {
            await store.Store.AppendAsync([.. all.Select(stream => Some.Append(stream))]);
        }
    }

    private sealed class Named(IReadOnlyList<string> tables) : IProjection
    {
        public IReadOnlyList<string> Tables => tables;

        public Task CreateTablesAsync(ProjectionContext context, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public Task ApplyAsync(
            IReadOnlyList<EventEnvelope> events, ProjectionContext context, CancellationToken cancellationToken) =>
            throw new NotSupportedException();
    }
}
