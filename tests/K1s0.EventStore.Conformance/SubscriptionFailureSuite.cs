namespace K1s0.EventStore.Conformance;

/// <summary>Events that a handler cannot handle: nothing passes silently, and the others go on.</summary>
public abstract class SubscriptionFailureSuite : SubscriptionTestBase
{
    [Fact]
    public async Task An_attempt_that_fails_is_repeated_and_counted()
    {
        var events = await AppendedAsync(3);
        var handler = new RecordingHandler();
        var failing = Failing(handler, events[1], times: 2);

        var status = await RunBatchAsync(failing);

        Ids(failing.Handled).Should().Equal(Ids(events));
        failing.AttemptsOf(events[1].Id).Should().Be(3);
        (status.Retries, status.HandledEvents).Should().Be((2, 3));
    }

    [Fact]
    [Trait("Row", "X08")]
    public async Task By_default_the_stream_stops_all_others_go_on_and_the_checkpoint_stays_before()
    {
        var stream = NewStream();
        var before = await AppendedAsync(1);
        var stopped = await AppendedAsync(3, stream);
        var others = await AppendedAsync(4);
        var handler = Failing(new RecordingHandler(), stopped[1]);

        var status = await RunBatchAsync(handler, options => options.Lanes = 4);

        handler.Handled.Select(e => e.Id).Should().BeEquivalentTo(Ids([.. before, stopped[0], .. others]));
        var key = status.StoppedKeys.Should().ContainSingle().Subject;
        (key.StreamId, key.Position, key.Attempts).Should().Be((stream, stopped[1].Position, 3));
        key.Cause.Should().BeOfType<HandlerBrokenException>();
        status.Position.Should().BeLessThan(stopped[1].Position);
        status.Position.Should().BeGreaterThanOrEqualTo(stopped[0].Position);
        status.Lag.Should().BeGreaterThan(TimeSpan.Zero, "the oldest event that is not handled waits");

        // Once the handler is mended, the next run begins where the first one stopped.
        var mended = new RecordingHandler();
        var end = await RunBatchAsync(mended);
        Ids(mended.Handled).Should().Equal(Ids([.. stopped.Skip(1), .. others]));
        end.StoppedKeys.Should().BeEmpty();
    }

    [Fact]
    [Trait("Row", "X08")]
    public async Task To_stop_all_ends_the_run_with_the_event_and_the_cause()
    {
        var events = await AppendedAsync(5);
        var handler = Failing(new RecordingHandler(), events[2]);

        var stop = await Assert.ThrowsAsync<SubscriptionStoppedException>(
            () => RunBatchAsync(handler, options => options.OnFailure = FailureAction.StopAll));

        (stop.Subscription, stop.Position, stop.Attempts).Should().Be((Name, events[2].Position, 3));
        stop.InnerException.Should().BeOfType<HandlerBrokenException>();
        Ids(handler.Handled).Should().Equal(Ids(events.Take(2)));
        (await Checkpoints.LoadAsync(Name, Cancellation))!.Position.Should().Be(events[1].Position);
    }

    [Fact]
    [Trait("Row", "X08")]
    public async Task To_skip_passes_the_event_and_counts_it()
    {
        var events = await AppendedAsync(5);
        var handler = Failing(new RecordingHandler(), events[2]);

        var status = await RunBatchAsync(handler, options => options.OnFailure = FailureAction.Skip);

        Ids(handler.Handled).Should().Equal(Ids(events.Where((_, index) => index != 2)));
        (status.SkippedEvents, status.HandledEvents).Should().Be((1, 4));
        status.Position.Should().BeGreaterThanOrEqualTo(events[4].Position);
    }

    [Fact]
    public async Task Parked_events_keep_the_order_of_their_stream_until_they_are_replayed()
    {
        var stream = NewStream();
        var handler = new RecordingHandler();
        var isBroken = true;
        var failing = new RecordingHandler(async (envelope, token) =>
        {
            if (isBroken && envelope.StreamId == stream && envelope.Version == 2)
            {
                throw new HandlerBrokenException();
            }

            await handler.HandleAsync(envelope, token);
        });
        await using var running = Start(failing, options =>
            (options.OnFailure, options.Lanes) = (FailureAction.Park, 4));
        var parked = await AppendedAsync(4, stream);
        var others = await AppendedAsync(2);
        await running.StatusAsync(status => status.ParkedEvents == 3 && status.Position >= others[^1].Position);

        // The event that failed with its cause, and those of its stream that wait behind it.
        var list = await Backend.Parked.ListAsync(Name, cancellationToken: Cancellation);
        list.Select(e => (e.EventId, e.Attempts)).Should().Equal(
            (parked[1].Id, 3), (parked[2].Id, 0), (parked[3].Id, 0));
        list[0].Cause.Should().Contain(nameof(HandlerBrokenException));

        var stillBroken = await running.Subscription.ReplayParkedAsync(Cancellation);
        stillBroken.Should().Be(new ParkedReplay(0, 3));
        (await Backend.Parked.ListAsync(Name, cancellationToken: Cancellation))[0].Attempts.Should().Be(6);

        isBroken = false;
        (await running.Subscription.ReplayParkedAsync(Cancellation)).Should().Be(new ParkedReplay(3, 0));
        await AppendedAsync(1, stream);
        await handler.HandledAsync(7, Cancellation);

        handler.Handled.Where(e => e.StreamId == stream).Select(e => e.Version).Should().Equal(1, 2, 3, 4, 5);
        (await Backend.Parked.ListAsync(Name, cancellationToken: Cancellation)).Should().BeEmpty();
    }

    [Fact]
    public async Task A_stream_goes_on_although_the_answer_was_lost_when_its_parked_event_was_taken_out()
    {
        var stream = NewStream();
        var handler = new RecordingHandler();
        var isBroken = true;
        var failing = new RecordingHandler((envelope, token) =>
            isBroken ? throw new HandlerBrokenException() : handler.HandleAsync(envelope, token).AsTask());
        var parked = new ForgetfulParkedEventStore(Backend.Parked);
        await using var running = new RunningSubscription(
            new Subscription(
                Name,
                failing,
                Live,
                Checkpoints,
                Options(options => options.OnFailure = FailureAction.Park),
                parked),
            Cancellation);
        await AppendedAsync(1, stream);
        await running.StatusAsync(status => status.ParkedEvents == 1);
        isBroken = false;

        await Assert.ThrowsAsync<StoreUnavailableException>(
            () => running.Subscription.ReplayParkedAsync(Cancellation));
        await AppendedAsync(1, stream);
        await running.StatusAsync(status => status.ParkedEvents == 2);
        (await running.Subscription.ReplayParkedAsync(Cancellation)).Should().Be(new ParkedReplay(1, 0));
        await AppendedAsync(1, stream);
        await handler.HandledAsync(3, Cancellation);

        handler.Handled.Select(envelope => envelope.Version).Should().Equal(1, 2, 3);
        running.Subscription.GetStatus().ParkedEvents.Should().Be(0);
    }

    [Fact]
    public async Task A_stream_goes_on_when_somebody_gives_its_parked_event_up()
    {
        var stream = NewStream();
        var handler = new RecordingHandler();
        var failing = new RecordingHandler((envelope, token) => envelope.Version == 1
            ? throw new HandlerBrokenException()
            : handler.HandleAsync(envelope, token).AsTask());
        await using var running = Start(failing, options => options.OnFailure = FailureAction.Park);
        var bad = await AppendedAsync(1, stream);
        await running.StatusAsync(status => status.ParkedEvents == 1);

        await Backend.Parked.RemoveAsync(Name, bad[0].Position, Cancellation);
        (await running.Subscription.ReplayParkedAsync(Cancellation)).Should().Be(new ParkedReplay(0, 0));
        await AppendedAsync(1, stream);
        await handler.HandledAsync(1, Cancellation);

        handler.Handled.Select(envelope => envelope.Version).Should().Equal(2);
    }

    [Fact]
    public async Task A_stream_with_parked_events_stays_parked_in_the_next_run()
    {
        var stream = NewStream();
        var first = await AppendedAsync(1, stream);
        await RunBatchAsync(
            Failing(new RecordingHandler(), first[0]), options => options.OnFailure = FailureAction.Park);
        var later = await AppendedAsync(1, stream);
        var handler = new RecordingHandler();

        var status = await RunBatchAsync(handler, options => options.OnFailure = FailureAction.Park);

        handler.Handled.Should().BeEmpty();
        status.ParkedEvents.Should().Be(2);
        (await Backend.Parked.ListAsync(Name, cancellationToken: Cancellation))
            .Select(parked => parked.EventId).Should().Equal(first[0].Id, later[0].Id);
    }

    [Fact]
    public async Task More_stopped_streams_or_parked_events_than_allowed_end_the_run()
    {
        var first = await AppendedAsync(1);
        await AppendedAsync(1);
        foreach (var action in new[] { FailureAction.StopKey, FailureAction.Park })
        {
            var handler = new RecordingHandler((_, _) => throw new HandlerBrokenException());

            await Assert.ThrowsAsync<SubscriptionStoppedException>(() => RunBatchAsync(
                handler,
                options => (options.OnFailure, options.MaxStoppedKeys, options.MaxParkedEvents) = (action, 1, 1),
                $"{Name}-{action}"));

            handler.AttemptsOf(first[0].Id).Should().Be(3);
        }
    }

    [Fact]
    [Trait("Row", "X08")]
    public async Task An_event_of_an_unknown_type_is_not_tried_again_and_never_passes_silently()
    {
        var stream = NewStream();
        await Store.AppendAsync(stream, [AnEvent(stream, type: "Unheard")], cancellationToken: Cancellation);
        var known = await AppendedAsync(1);
        await SettledAsync(known[^1].Position);
        var handler = new EventHandlers().Ignore("ItemAdded");

        var status = await RunBatchAsync(handler);

        var key = status.StoppedKeys.Should().ContainSingle().Subject;
        (key.StreamId, key.Attempts).Should().Be((stream, 1));
        key.Cause.Should().BeOfType<EventNotUnderstoodException>();
        status.HandledEvents.Should().Be(1);
    }

    [Fact]
    public async Task A_loop_that_dies_runs_again_and_is_counted_and_nothing_is_lost_or_left_out()
    {
        var events = await AppendedAsync(10);
        var failures = 3;
        var handler = new RecordingHandler();
        using var live = new LiveFeed(new FailingFeed(Feed, () => Interlocked.Decrement(ref failures) >= 0));
        var subscription = new Subscription(
            Name,
            handler,
            live,
            Checkpoints,
            Options(options => (options.PageSize, options.End) = (2, SubscriptionEnd.SettledBound)));

        await subscription.RunAsync(Cancellation);

        Ids(handler.Handled.DistinctBy(envelope => envelope.Id)).Should().Equal(Ids(events));
        subscription.GetStatus().Restarts.Should().Be(3);
    }

    private static RecordingHandler Failing(RecordingHandler inner, EventEnvelope broken, int times = int.MaxValue) =>
        new((envelope, token) => envelope.Id == broken.Id && Interlocked.Decrement(ref times) >= 0
            ? throw new HandlerBrokenException()
            : inner.HandleAsync(envelope, token).AsTask());

    // Takes an event out, and loses the answer the first time.
    private sealed class ForgetfulParkedEventStore(IParkedEventStore inner) : IParkedEventStore
    {
        private bool _hasForgotten;

        public Task<bool> ParkAsync(
            ParkedEvent parked, CheckpointClaim claim, CancellationToken cancellationToken = default) =>
            inner.ParkAsync(parked, claim, cancellationToken);

        public Task<bool> UpdateAsync(
            ParkedEvent parked, CheckpointClaim claim, CancellationToken cancellationToken = default) =>
            inner.UpdateAsync(parked, claim, cancellationToken);

        public Task<IReadOnlyList<ParkedEvent>> ListAsync(
            string consumer,
            Position after = default,
            int maxCount = IParkedEventStore.MaxPage,
            CancellationToken cancellationToken = default) =>
            inner.ListAsync(consumer, after, maxCount, cancellationToken);

        public async Task<bool> RemoveAsync(
            string consumer, Position position, CancellationToken cancellationToken = default)
        {
            var wasThere = await inner.RemoveAsync(consumer, position, cancellationToken);
            if (_hasForgotten)
            {
                return wasThere;
            }

            _hasForgotten = true;
            throw new StoreUnavailableException("the answer was lost");
        }
    }
}
