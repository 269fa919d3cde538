using K1s0.EventStore.Conformance;
using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.Subscriptions;

public sealed class ExactlyOnceTests(StoreDatabase database) : IClassFixture<StoreDatabase>
{
    private const string Name = "ledger";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    [Fact]
    public async Task Effects_and_checkpoint_commit_together()
    {
        var store = await database.NewStoreAsync();
        var events = await AppendedAsync(store, 50);
        var checkpoints = new List<long>();
        var ledger = await Ledger.CreateAsync(store, async (_, _, token) =>
            checkpoints.Add((await store.Checkpoints.LoadAsync(Name, token))?.Position.Value ?? 0));

        var status = await RunAsync(ledger, options => options.BatchSize = 7);

        (await ledger.EffectsAsync()).Should().Equal(events.Select(e => e.Id));
        status.HandledEvents.Should().Be(50);
        checkpoints.Distinct().Should().HaveCount(8, "nothing of a batch is visible before all of it");
        (await store.Checkpoints.LoadAsync(Name))!.Position.Should().BeGreaterThanOrEqualTo(events[^1].Position);
    }

    [Fact]
    public async Task Sessions_that_are_killed_in_the_middle_leave_each_effect_exactly_once()
    {
        var store = await database.NewStoreAsync();
        var events = await AppendedAsync(store, 60);
        var random = SeededRandom.Create();
        var killed = events.OrderBy(_ => random.Next()).Take(10).Select(e => e.Id).ToHashSet();
        var ledger = await Ledger.CreateAsync(store, async (envelope, transaction, _) =>
        {
            if (killed.Remove(envelope.Id))
            {
                await store.DataSource.ExecuteAsync(
                    $"select pg_terminate_backend({transaction.Connection!.ProcessID})");
            }
        });

        var status = await RunAsync(ledger, options => options.BatchSize = 5);

        (await ledger.EffectsAsync()).Should().Equal(events.Select(e => e.Id));
        status.Restarts.Should().Be(10);
        killed.Should().BeEmpty();
    }

    [Fact]
    public async Task A_handler_that_fails_is_undone_alone_and_by_default_nothing_passes_the_event()
    {
        var store = await database.NewStoreAsync();
        var events = await AppendedAsync(store, 10);
        var ledger = await Ledger.CreateAsync(store, (envelope, _, _) => envelope.Id == events[6].Id
            ? throw new HandlerBrokenException()
            : Task.CompletedTask);

        var stop = await Assert.ThrowsAsync<SubscriptionStoppedException>(() => RunAsync(ledger));

        (stop.Position, stop.Attempts).Should().Be((events[6].Position, 3));
        (await ledger.EffectsAsync()).Should().Equal(events.Take(6).Select(e => e.Id));
        (await store.Checkpoints.LoadAsync(Name))!.Position.Should().Be(events[5].Position);
    }

    [Fact]
    public async Task Parked_events_take_effect_exactly_once_when_they_are_replayed()
    {
        var store = await database.NewStoreAsync();
        var isBroken = true;
        var bad = Some.Stream();
        var ledger = await Ledger.CreateAsync(store, (envelope, _, _) =>
            isBroken && envelope.StreamId == bad && envelope.Version == 2
                ? throw new HandlerBrokenException()
                : Task.CompletedTask);
        await store.Store.AppendAsync([Some.Append(bad, 4)]);
        var others = await AppendedAsync(store, 5);
        using var limit = new CancellationTokenSource(Patience);
        using var live = new LiveFeed(store.Store);
        await using var running = new RunningSubscription(
            Subscribe(ledger, live, options => (options.OnFailure, options.BatchSize) = (FailureAction.Park, 3)),
            limit.Token);
        await running.StatusAsync(status => status.ParkedEvents == 3 && status.Position >= others[^1].Position);

        (await running.Subscription.ReplayParkedAsync(limit.Token)).Should().Be(new ParkedReplay(0, 3));
        isBroken = false;
        (await running.Subscription.ReplayParkedAsync(limit.Token)).Should().Be(new ParkedReplay(3, 0));
        await store.Store.AppendAsync([Some.Append(bad)]);
        await running.StatusAsync(status => status.HandledEvents == 10);

        var effects = await ledger.EffectsAsync();
        effects.Should().HaveCount(10).And.OnlyHaveUniqueItems();
        var ofBad = (await store.Store.LoadAsync(bad)).Select(e => e.Id).ToList();
        effects.Where(ofBad.Contains).Should().Equal(ofBad);
    }

    [Fact]
    public async Task An_event_that_is_parked_no_more_takes_no_effect_when_it_is_replayed_again()
    {
        var store = await database.NewStoreAsync();
        var envelope = (await AppendedAsync(store, 1))[0];
        var ledger = await Ledger.CreateAsync(store, (_, _, _) => Task.CompletedTask);
        var handler = new PostgresAtomicHandler(store.DataSource, ledger, store.Options);
        var parked = new PostgresParkedEventStore(store.DataSource, store.Options);
        var claim = await store.Checkpoints.ClaimAsync(Name, "owner");
        var behind = new Checkpoint(envelope.Position, await store.Store.GetIdentityAsync());
        claim = await handler.HandleAsync([], claim, behind, CancellationToken.None);
        await parked.ParkAsync(
            new ParkedEvent(
                Name,
                envelope.Position,
                envelope.StreamId,
                envelope.Id,
                envelope.EventType,
                Attempts: 1,
                Cause: null,
                envelope.RecordedAt),
            claim);

        // As after an answer that was lost: the event was taken out, and is handed over once more.
        await handler.ReplayAsync(envelope, claim, CancellationToken.None);
        await handler.ReplayAsync(envelope, claim, CancellationToken.None);

        (await ledger.EffectsAsync()).Should().Equal(envelope.Id);
        (await parked.ListAsync(Name)).Should().BeEmpty();
    }

    [Fact]
    [Trait("Row", "X04")]
    public async Task A_former_owner_that_replays_a_parked_event_leaves_no_effect_and_the_event_where_it_is()
    {
        var store = await database.NewStoreAsync();
        var envelope = (await AppendedAsync(store, 1))[0];
        var ledger = await Ledger.CreateAsync(store, (_, _, _) => Task.CompletedTask);
        var handler = new PostgresAtomicHandler(store.DataSource, ledger, store.Options);
        var parked = new PostgresParkedEventStore(store.DataSource, store.Options);
        var former = await handler.HandleAsync(
            [],
            await store.Checkpoints.ClaimAsync(Name, "former"),
            new Checkpoint(envelope.Position, await store.Store.GetIdentityAsync()),
            CancellationToken.None);
        await parked.ParkAsync(
            new ParkedEvent(
                Name,
                envelope.Position,
                envelope.StreamId,
                envelope.Id,
                envelope.EventType,
                Attempts: 1,
                Cause: "broken",
                envelope.RecordedAt),
            former);
        await store.Checkpoints.ClaimAsync(Name, "owner");

        await Assert.ThrowsAsync<CheckpointConflictException>(
            () => handler.ReplayAsync(envelope, former, CancellationToken.None));

        (await ledger.EffectsAsync()).Should().BeEmpty();
        (await parked.ListAsync(Name)).Should().ContainSingle();
    }

    [Fact]
    public async Task A_stream_goes_on_although_the_answer_to_the_commit_of_its_parked_event_was_lost()
    {
        var store = await database.NewStoreAsync();
        var isBroken = true;
        var ledger = await Ledger.CreateAsync(
            store, (_, _, _) => isBroken ? throw new HandlerBrokenException() : Task.CompletedTask);
        var stream = Some.Stream();
        await store.Store.AppendAsync([Some.Append(stream)]);
        using var limit = new CancellationTokenSource(Patience);
        using var live = new LiveFeed(store.Store);
        var handler = new ForgetfulHandler(new PostgresAtomicHandler(store.DataSource, ledger, store.Options));
        await using var running = new RunningSubscription(
            Subscribe(ledger, live, options => options.OnFailure = FailureAction.Park, handler), limit.Token);
        await running.StatusAsync(status => status.ParkedEvents == 1);
        isBroken = false;

        await Assert.ThrowsAsync<StoreUnavailableException>(
            () => running.Subscription.ReplayParkedAsync(limit.Token));
        (await running.Subscription.ReplayParkedAsync(limit.Token)).Should().Be(new ParkedReplay(0, 0));
        await store.Store.AppendAsync([Some.Append(stream)]);
        await running.StatusAsync(status => status.HandledEvents == 1);

        (await ledger.EffectsAsync()).Should().Equal((await store.Store.LoadAsync(stream)).Select(e => e.Id));
    }

    [Fact]
    public async Task A_run_ends_and_claims_again_when_the_answer_to_a_checkpoint_before_a_replay_was_lost()
    {
        var store = await database.NewStoreAsync();
        var isBroken = true;
        var ledger = await Ledger.CreateAsync(
            store, (_, _, _) => isBroken ? throw new HandlerBrokenException() : Task.CompletedTask);
        var stream = Some.Stream();
        await store.Store.AppendAsync([Some.Append(stream)]);
        using var limit = new CancellationTokenSource(Patience);
        using var live = new LiveFeed(store.Store);
        var checkpoints = new ForgetfulCheckpoints(store.Checkpoints);
        await using var running = new RunningSubscription(
            Subscribe(
                ledger,
                live,
                options => (options.OnFailure, options.CheckpointInterval) =
                    (FailureAction.Park, TimeSpan.FromMinutes(1)),
                checkpoints: checkpoints),
            limit.Token);
        await running.StatusAsync(status => status.ParkedEvents == 1 && status.State is SubscriptionState.Live);
        (isBroken, checkpoints.Forgets) = (false, true);

        // Nothing is appended: it is the replay that ends the run.
        await Assert.ThrowsAsync<StoreUnavailableException>(
            () => running.Subscription.ReplayParkedAsync(limit.Token));
        await running.StatusAsync(status => status.Restarts == 1 && status.State is SubscriptionState.Live);
        (await running.Subscription.ReplayParkedAsync(limit.Token)).Should().Be(new ParkedReplay(1, 0));
        await store.Store.AppendAsync([Some.Append(stream)]);
        await running.StatusAsync(status => status.HandledEvents == 2);

        (await ledger.EffectsAsync()).Should().Equal((await store.Store.LoadAsync(stream)).Select(e => e.Id));
    }

    [Fact]
    public async Task An_event_that_was_parked_before_a_crash_is_not_replayed_before_the_checkpoint_has_come_to_it()
    {
        var store = await database.NewStoreAsync();
        EventEnvelope[] events = [.. await AppendedAsync(store, 1), .. await AppendedAsync(store, 1)];
        var (entered, release) = (new TaskCompletionSource(), new TaskCompletionSource());
        var ledger = await Ledger.CreateAsync(store, async (envelope, _, token) =>
        {
            if (envelope.Id == events[0].Id)
            {
                entered.TrySetResult();
                await release.Task.WaitAsync(token);
            }
        });

        // As a run left it that was killed between parking and moving its checkpoint.
        await new PostgresParkedEventStore(store.DataSource, store.Options).ParkAsync(
            new ParkedEvent(
                Name,
                events[1].Position,
                events[1].StreamId,
                events[1].Id,
                events[1].EventType,
                Attempts: 1,
                Cause: "killed",
                events[1].RecordedAt),
            await store.Checkpoints.ClaimAsync(Name, "killed"));
        using var limit = new CancellationTokenSource(Patience);
        using var live = new LiveFeed(store.Store);
        await using var running = new RunningSubscription(
            Subscribe(ledger, live, options => (options.OnFailure, options.BatchSize) = (FailureAction.Park, 1)),
            limit.Token);
        await entered.Task.WaitAsync(limit.Token);

        (await running.Subscription.ReplayParkedAsync(limit.Token)).Should().Be(new ParkedReplay(0, 1));
        release.SetResult();
        await running.StatusAsync(status => status.Position >= events[1].Position);
        (await running.Subscription.ReplayParkedAsync(limit.Token)).Should().Be(new ParkedReplay(1, 0));

        (await ledger.EffectsAsync()).Should().Equal(events.Select(e => e.Id));
    }

    [Fact]
    public async Task An_owner_that_was_taken_over_in_the_middle_leaves_no_effect()
    {
        var store = await database.NewStoreAsync();
        var events = await AppendedAsync(store, 3);
        var ledger = await Ledger.CreateAsync(store, async (envelope, _, token) =>
        {
            if (envelope.Id == events[1].Id)
            {
                await store.Checkpoints.ClaimAsync(Name, "another", token);
            }
        });

        await Assert.ThrowsAsync<CheckpointConflictException>(() => RunAsync(ledger));

        (await ledger.EffectsAsync()).Should().BeEmpty();
        (await store.Checkpoints.LoadAsync(Name)).Should().BeNull();
    }

    [Fact]
    public async Task An_error_of_the_server_that_the_handler_swallows_does_not_pass()
    {
        var store = await database.NewStoreAsync();
        var events = await AppendedAsync(store, 4);
        var ledger = await Ledger.CreateAsync(store, async (envelope, transaction, token) =>
        {
            if (envelope.Id == events[2].Id)
            {
                await using var command = new NpgsqlCommand("select 1 / 0", transaction.Connection, transaction);
                await Assert.ThrowsAsync<PostgresException>(() => command.ExecuteScalarAsync(token));
            }
        });

        var stop = await Assert.ThrowsAsync<SubscriptionStoppedException>(() => RunAsync(ledger));

        stop.Position.Should().Be(events[2].Position);
        (await ledger.EffectsAsync()).Should().Equal(events.Take(2).Select(e => e.Id));
    }

    [Fact]
    public async Task What_comes_behind_an_event_that_was_parked_for_a_swallowed_error_is_parked_too()
    {
        var store = await database.NewStoreAsync();
        var events = await AppendedAsync(store, 4);
        var ledger = await Ledger.CreateAsync(store, async (envelope, transaction, token) =>
        {
            if (envelope.Id == events[2].Id)
            {
                await using var command = new NpgsqlCommand("select 1 / 0", transaction.Connection, transaction);
                await Assert.ThrowsAsync<PostgresException>(() => command.ExecuteScalarAsync(token));
            }
        });

        // The server refuses the next command, so the event behind the one with the error fails first.
        var status = await RunAsync(ledger, options => options.OnFailure = FailureAction.Park);

        status.ParkedEvents.Should().Be(2);
        (await ledger.EffectsAsync()).Should().Equal(events.Take(2).Select(e => e.Id));
    }

    [Fact]
    public async Task To_stop_one_stream_is_refused_because_it_would_hand_events_over_again()
    {
        var store = await database.NewStoreAsync();
        var ledger = await Ledger.CreateAsync(store);
        using var live = new LiveFeed(store.Store);

        var refusal = Assert.Throws<ArgumentException>(
            () => Subscribe(ledger, live, options => options.OnFailure = FailureAction.StopKey));

        refusal.Message.Should().Contain("StopAll");
    }

    private static async Task<IReadOnlyList<EventEnvelope>> AppendedAsync(TestStore store, int count)
    {
        var stream = Some.Stream();
        await store.Store.AppendAsync([Some.Append(stream, count)]);
        return await store.Store.LoadAsync(stream);
    }

    private static Subscription Subscribe(
        Ledger ledger,
        LiveFeed live,
        Action<SubscriptionOptions>? configure,
        IAtomicHandler? handler = null,
        ICheckpointStore? checkpoints = null)
    {
        var options = new SubscriptionOptions
        {
            MaxAttempts = 3,
            RetryDelay = TimeSpan.FromMilliseconds(1),
            MaxRetryDelay = TimeSpan.FromMilliseconds(5),
        };
        configure?.Invoke(options);
        var store = ledger.Store;
        return new Subscription(
            Name,
            handler ?? new PostgresAtomicHandler(store.DataSource, ledger, store.Options),
            live,
            checkpoints ?? store.Checkpoints,
            options,
            new PostgresParkedEventStore(store.DataSource, store.Options));
    }

    private static async Task<SubscriptionStatus> RunAsync(
        Ledger ledger, Action<SubscriptionOptions>? configure = null)
    {
        using var limit = new CancellationTokenSource(Patience);
        using var live = new LiveFeed(ledger.Store.Store);
        var subscription = Subscribe(
            ledger,
            live,
            options =>
            {
                options.End = SubscriptionEnd.SettledBound;
                configure?.Invoke(options);
            });
        await subscription.RunAsync(limit.Token);
        return subscription.GetStatus();
    }

    // Loses the answer to a checkpoint that is stored.
    private sealed class ForgetfulCheckpoints(ICheckpointStore inner) : ICheckpointStore
    {
        public bool Forgets { get; set; }

        public Task<CheckpointClaim> ClaimAsync(
            string consumer, string owner, CancellationToken cancellationToken = default) =>
            inner.ClaimAsync(consumer, owner, cancellationToken);

        public Task<Checkpoint?> LoadAsync(string consumer, CancellationToken cancellationToken = default) =>
            inner.LoadAsync(consumer, cancellationToken);

        public async Task<CheckpointClaim> SaveAsync(
            CheckpointClaim claim, Checkpoint checkpoint, CancellationToken cancellationToken = default)
        {
            var moved = await inner.SaveAsync(claim, checkpoint, cancellationToken);
            if (Forgets)
            {
                Forgets = false;
                throw new StoreUnavailableException("the answer was lost");
            }

            return moved;
        }
    }

    // Loses the answer to the first replay, which is committed.
    private sealed class ForgetfulHandler(IAtomicHandler inner) : IAtomicHandler
    {
        private bool _hasForgotten;

        public Task<CheckpointClaim> HandleAsync(
            IReadOnlyList<EventEnvelope> events,
            CheckpointClaim claim,
            Checkpoint checkpoint,
            CancellationToken cancellationToken) =>
            inner.HandleAsync(events, claim, checkpoint, cancellationToken);

        public async Task ReplayAsync(
            EventEnvelope envelope, CheckpointClaim claim, CancellationToken cancellationToken)
        {
            await inner.ReplayAsync(envelope, claim, cancellationToken);
            if (!_hasForgotten)
            {
                _hasForgotten = true;
                throw new StoreUnavailableException("the answer was lost");
            }
        }
    }
}
