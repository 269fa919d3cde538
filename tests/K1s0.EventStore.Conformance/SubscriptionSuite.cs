namespace K1s0.EventStore.Conformance;

/// <summary>Subscriptions: what they hand over, in which order, and how they follow.</summary>
public abstract class SubscriptionSuite : SubscriptionTestBase
{
    [Fact]
    [Trait("Row", "I14")]
    public async Task A_subscription_catches_up_and_then_follows_without_gap_or_repeat()
    {
        var events = (await AppendedAsync(20)).ToList();
        var handler = new RecordingHandler();
        await using (var running = Start(handler, options => options.PageSize = 3))
        {
            await handler.HandledAsync(20, Cancellation);
            await running.StatusAsync(status => status.State is SubscriptionState.Live);
            for (var round = 0; round < 10; round++)
            {
                events.AddRange(await AppendedAsync(2));
            }

            await handler.HandledAsync(40, Cancellation);
        }

        Ids(handler.Handled).Should().Equal(Ids(events));
        (await Checkpoints.LoadAsync(Name, Cancellation))!.Position
            .Should().BeGreaterThanOrEqualTo(events[^1].Position);
    }

    [Fact]
    public async Task A_filter_holds_in_catch_up_and_live_and_the_checkpoint_passes_what_it_holds_back()
    {
        var stream = NewStream();
        await AppendedAsync(3, stream);
        var wanted = AnEvent(stream, type: "OrderClosed");
        await Store.AppendAsync(stream, [wanted], cancellationToken: Cancellation);
        var handler = new RecordingHandler();
        await using var running = Start(
            handler, options => options.Filter = OwnEvents with { EventTypes = ["OrderClosed"] });
        await handler.HandledAsync(1, Cancellation);
        await running.StatusAsync(status => status.State is SubscriptionState.Live);

        var held = await AppendedAsync(3, stream);

        await running.StatusAsync(status => status.Position >= held[^1].Position);
        handler.Handled.Should().ContainSingle().Which.Id.Should().Be(wanted.Id);
    }

    [Fact]
    [Trait("Row", "X07")]
    [Trait("Row", "I14")]
    public async Task Streams_are_handled_side_by_side_and_each_in_order()
    {
        var streams = new List<StreamId>();
        for (var count = 0; count < 40; count++)
        {
            streams.Add(await StreamWithAsync(5));
        }

        await SettledAsync((await LoadAsync(streams[^1]))[^1].Position);
        var (meeting, arrived) = (new TaskCompletionSource(), 0);
        var handler = new RecordingHandler(async (_, token) =>
        {
            // The first two wait for each other: they belong to two lanes, or nobody ever goes on.
            if (Interlocked.Increment(ref arrived) == 2)
            {
                meeting.SetResult();
            }

            await meeting.Task.WaitAsync(token);
        });

        await RunBatchAsync(handler, options => (options.Lanes, options.MaxInFlight) = (8, 50));

        handler.Handled.Should().HaveCount(200).And.OnlyHaveUniqueItems(envelope => envelope.Id);
        foreach (var stream in handler.Handled.GroupBy(envelope => envelope.StreamId))
        {
            stream.Select(envelope => envelope.Version).Should().Equal(1, 2, 3, 4, 5);
        }
    }

    [Fact]
    [Trait("Row", "I14")]
    public async Task A_slow_handler_makes_its_own_subscription_wait_and_no_other()
    {
        var release = new TaskCompletionSource();
        var slow = new RecordingHandler((_, token) => release.Task.WaitAsync(token));
        var fast = new RecordingHandler();
        await using var first = Start(slow, options => options.MaxInFlight = 2, $"{Name}-slow");
        await using var second = Start(fast, name: $"{Name}-fast");

        var events = await AppendedAsync(30);
        await fast.HandledAsync(30, Cancellation);
        slow.Handled.Should().BeEmpty();
        first.Subscription.GetStatus().Lag.Should().BeGreaterThan(TimeSpan.Zero);

        release.SetResult();
        await slow.HandledAsync(30, Cancellation);
        Ids(slow.Handled).Should().Equal(Ids(events));
    }

    [Fact]
    [Trait("Row", "I14")]
    public async Task One_that_falls_out_of_the_shared_reader_catches_up_by_itself_without_gap_or_repeat()
    {
        using var live = new LiveFeed(
            Feed,
            new LiveFeedOptions { PollInterval = TimeSpan.FromMilliseconds(2), BufferedEvents = 2, PageSize = 2 });
        var release = new TaskCompletionSource();
        var slow = new RecordingHandler((_, token) => release.Task.WaitAsync(token));
        var fast = new RecordingHandler();
        await using var first = new RunningSubscription(
            new Subscription($"{Name}-slow", slow, live, Checkpoints, Options(o => o.MaxInFlight = 1)), Cancellation);
        await using var second = new RunningSubscription(
            new Subscription($"{Name}-fast", fast, live, Checkpoints, Options()), Cancellation);
        await first.StatusAsync(status => status.State is SubscriptionState.Live);
        var stream = NewStream();
        var events = new List<EventEnvelope>();
        for (var round = 0; round < 15; round++)
        {
            events.AddRange(await AppendedAsync(2, stream));
        }

        await fast.HandledAsync(30, Cancellation);
        release.SetResult();
        await slow.HandledAsync(30, Cancellation);
        events.AddRange(await AppendedAsync(2, stream));
        await slow.HandledAsync(32, Cancellation);

        Ids(slow.Handled).Should().Equal(Ids(events));
    }

    // A peer's checkpoint stopped being stored with many partitions, or when it did not start from zero.
    [Fact]
    public async Task A_hundred_lanes_that_start_late_store_their_checkpoint_on_the_way()
    {
        var early = await AppendedAsync(2);
        var handler = new RecordingHandler();
        await using var running = Start(
            handler,
            options => (options.Lanes, options.Start) = (100, SubscriptionStart.After(early[^1].Position)));
        var events = new List<EventEnvelope>();
        for (var stream = 0; stream < 20; stream++)
        {
            events.AddRange(await AppendedAsync(2));
        }

        await handler.HandledAsync(40, Cancellation);

        while ((await Checkpoints.LoadAsync(Name, Cancellation))?.Position is not { } stored
            || stored < events[^1].Position)
        {
            await Task.Yield();
        }

        handler.Handled.Select(e => e.Id).Should().BeEquivalentTo(Ids(events));
    }

    [Fact]
    public async Task Who_is_taken_over_ends_and_moves_nothing()
    {
        var handler = new RecordingHandler();
        await using var former = Start(handler);
        await AppendedAsync(1);
        await handler.HandledAsync(1, Cancellation);

        var claim = await Checkpoints.ClaimAsync(Name, "another", Cancellation);
        await AppendedAsync(1);

        var conflict = await Assert.ThrowsAsync<CheckpointConflictException>(() => former.Ended);
        conflict.ActualEpoch.Should().Be(claim.Epoch);
        former.Subscription.GetStatus().State.Should().Be(SubscriptionState.Failed);
        var stored = await Checkpoints.LoadAsync(Name, Cancellation);
        stored.Should().Be(claim.Checkpoint);
    }

    [Fact]
    public async Task A_subscription_runs_at_most_once_at_a_time()
    {
        await using var running = Start(new RecordingHandler());
        await running.StatusAsync(status => status.State is SubscriptionState.Live);

        await Assert.ThrowsAsync<InvalidOperationException>(() => running.Subscription.RunAsync(Cancellation));

        running.Subscription.GetStatus().State.Should().Be(SubscriptionState.Live);
    }

    [Fact]
    public async Task A_checkpoint_of_another_history_is_refused_and_nothing_is_handed_over()
    {
        var events = await AppendedAsync(3);
        var identity = await Feed.GetIdentityAsync(Cancellation);
        var bound = await Feed.GetSettledBoundAsync(Cancellation);
        var handler = new RecordingHandler();
        var claim = await Checkpoints.ClaimAsync(Name, "owner", Cancellation);
        Checkpoint[] lost =
        [
            // The event there is another one than the consumer saw, and: the feed does not reach there any more.
            new(events[1].Position, identity, events[2].ChainHash),
            new(new Position(bound.Value + 1_000_000), identity, events[2].ChainHash),
        ];
        foreach (var checkpoint in lost)
        {
            await Checkpoints.SaveAsync(claim, checkpoint, Cancellation);

            var refusal = await Assert.ThrowsAsync<FeedDivergedException>(() => RunBatchAsync(handler));

            refusal.Position.Should().Be(checkpoint.Position);
            refusal.IsTransient.Should().BeFalse();
            (await Checkpoints.LoadAsync(Name, Cancellation)).Should().Be(checkpoint);
            claim = await Checkpoints.ClaimAsync(Name, "owner", Cancellation);
        }

        handler.Handled.Should().BeEmpty();
    }
}
