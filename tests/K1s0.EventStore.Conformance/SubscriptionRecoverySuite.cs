namespace K1s0.EventStore.Conformance;

/// <summary>
/// What goes wrong around a handler: the reader, the checkpoint, the process. Themes are bugs that other event stores
/// had: nothing is left out, nothing stops without a word, and nothing of an old run reaches the new one.
/// </summary>
public abstract class SubscriptionRecoverySuite : SubscriptionTestBase
{
    // B10. A peer's timer stored a checkpoint while catching up, and it lay at the end of the feed.
    [Fact]
    [Trait("PeerBug", "B10")]
    public async Task A_checkpoint_that_is_stored_while_catching_up_stays_before_what_is_not_handled()
    {
        var events = await AppendedAsync(30);
        var release = new TaskCompletionSource();
        var handler = new RecordingHandler((envelope, token) => envelope.Id == events[10].Id
            ? release.Task.WaitAsync(token)
            : Task.CompletedTask);
        await using var running = Start(handler, options => (options.PageSize, options.MaxInFlight) = (4, 3));
        await StoredAsync(events[9].Position);

        (await Checkpoints.LoadAsync(Name, Cancellation))!.Position.Should().BeLessThan(events[10].Position);
        running.Subscription.GetStatus().State.Should().Be(SubscriptionState.CatchingUp);
        release.SetResult();
        await StoredAsync(events[^1].Position);

        Ids(handler.Handled).Should().Equal(Ids(events));
    }

    // B11. A peer's checkpoint was ahead of the events that waited to be tried again, and a restart lost them.
    [Fact]
    [Trait("PeerBug", "B11")]
    public async Task What_waits_to_be_tried_again_comes_again_after_a_restart()
    {
        var (failing, other) = (NewStream(), NewStream());
        while (LaneOf(failing) == LaneOf(other))
        {
            other = NewStream();
        }

        var (first, others) = (await AppendedAsync(2, failing), await AppendedAsync(5, other));
        var tried = new TaskCompletionSource();
        var broken = new RecordingHandler((envelope, _) =>
        {
            if (envelope.Id == first[1].Id)
            {
                tried.TrySetResult();
                throw new HandlerBrokenException();
            }

            return Task.CompletedTask;
        });
        await using (Start(broken, options =>
            (options.Lanes, options.RetryDelay, options.MaxRetryDelay) = (8, TimeSpan.FromHours(1), TimeSpan.FromHours(1))))
        {
            await tried.Task.WaitAsync(Cancellation);
            await broken.HandledAsync(6, Cancellation);
        }

        (await Checkpoints.LoadAsync(Name, Cancellation))!.Position.Should().BeLessThan(first[1].Position);
        var handler = new RecordingHandler();
        await RunBatchAsync(handler);

        Ids(handler.Handled).Should().Equal(Ids([first[1], .. others]));

        // A stream in the lane of the one that waits would wait, too.
        static uint LaneOf(StreamId stream) => (uint)stream.GetHashCode() % 8;
    }

    // B13. A peer delivered what the old connection had left in its queue, and did not report the second loss.
    [Fact]
    [Trait("PeerBug", "B13")]
    public async Task Each_time_that_a_live_reader_is_lost_is_counted_and_no_event_comes_twice()
    {
        var isBroken = false;
        using var live = new LiveFeed(
            new FailingFeed(Feed, () => Volatile.Read(ref isBroken)),
            new LiveFeedOptions { PollInterval = TimeSpan.FromMilliseconds(2) });
        var handler = new RecordingHandler();
        await using var running = new RunningSubscription(
            new Subscription(Name, handler, live, Checkpoints, Options(o => o.Lanes = 4)), Cancellation);
        var stream = NewStream();
        var events = new List<EventEnvelope>(await AppendedAsync(5, stream));
        for (var lost = 1; lost <= 3; lost++)
        {
            await handler.HandledAsync(events.Count, Cancellation);
            await running.StatusAsync(status => status.State is SubscriptionState.Live);
            var before = running.Subscription.GetStatus().Restarts;
            Volatile.Write(ref isBroken, true);
            await running.StatusAsync(status => status.Restarts > before && status.Error is not null);
            events.AddRange(await AppendedAsync(5, stream));
            Volatile.Write(ref isBroken, false);
        }

        await handler.HandledAsync(events.Count, Cancellation);
        await running.StatusAsync(status => status is { State: SubscriptionState.Live, Error: null });

        Ids(handler.Handled).Should().Equal(Ids(events));
    }

    // Behind the last event lies one of somebody else's: the hash there is not known without asking the feed.
    [Theory]
    [InlineData(1)]
    [InlineData(3_600_000)]
    public async Task What_was_handled_does_not_come_again_when_the_feed_breaks_behind_it(int checkpointMilliseconds)
    {
        var isBroken = false;
        var feed = new FailingFeed(Feed, () => Volatile.Read(ref isBroken));
        using var live = new LiveFeed(feed, new LiveFeedOptions { PollInterval = TimeSpan.FromMilliseconds(2) });
        var events = await AppendedAsync(5);
        var stream = NewStream();
        var other = await Store.AppendAsync(
            stream, [AnEvent(stream, type: "ItemViewed")], cancellationToken: Cancellation);
        await SettledAsync(other.LastPosition);
        var handler = new RecordingHandler((envelope, _) =>
        {
            Volatile.Write(ref isBroken, Volatile.Read(ref isBroken) || envelope.Id == events[^1].Id);
            return Task.CompletedTask;
        });
        await using var running = new RunningSubscription(
            new Subscription(
                Name,
                handler,
                live,
                Checkpoints,
                Options(options => (options.Filter, options.CheckpointInterval) =
                    (OwnEvents with { EventTypes = ["ItemAdded"] }, TimeSpan.FromMilliseconds(checkpointMilliseconds)))),
            Cancellation);
        await handler.HandledAsync(events.Count, Cancellation);
        await running.StatusAsync(status => status.Restarts > 0);

        var next = await AppendedAsync(1);
        Volatile.Write(ref isBroken, false);
        await handler.HandledAsync(events.Count + 1, Cancellation);
        await running.StatusAsync(status => status is { State: SubscriptionState.Live, Error: null });

        Ids(handler.Handled).Should().Equal(Ids([.. events, .. next]));
    }

    // Theme 22. A peer's subscription stopped without a word when a checkpoint could not be written.
    [Fact]
    public async Task A_checkpoint_that_cannot_be_stored_is_counted_and_stored_later()
    {
        var failures = 3;
        var checkpoints = new FailingCheckpointStore(Checkpoints, () => Interlocked.Decrement(ref failures) >= 0);
        var handler = new RecordingHandler();
        await using var running = new RunningSubscription(
            new Subscription(Name, handler, Live, checkpoints, Options()), Cancellation);

        var events = await AppendedAsync(10);
        await StoredAsync(events[^1].Position);

        running.Subscription.GetStatus().Restarts.Should().BeGreaterThanOrEqualTo(1);
        Ids(handler.Handled.DistinctBy(envelope => envelope.Id)).Should().Equal(Ids(events));
        running.Ended.IsCompleted.Should().BeFalse();
    }

    // B15. A peer passed over what its decoder failed on.
    [Fact]
    [Trait("PeerBug", "B15")]
    public async Task A_handler_whose_decoder_fails_later_on_holds_its_event_back_too()
    {
        var events = await AppendedAsync(3);
        var handler = new RecordingHandler(async (envelope, _) =>
        {
            await Task.Yield();
            if (envelope.Id == events[1].Id)
            {
                throw new EventNotUnderstoodException(envelope);
            }
        });

        var status = await RunBatchAsync(handler);

        status.StoppedKeys.Should().ContainSingle().Which.Position.Should().Be(events[1].Position);
        (status.SkippedEvents, handler.AttemptsOf(events[1].Id)).Should().Be((0, 1));
        (await Checkpoints.LoadAsync(Name, Cancellation))!.Position.Should().Be(events[0].Position);
    }

    // B12. A peer's checkpoint lay behind the last event that there was, and the next event took that place.
    [Fact]
    [Trait("PeerBug", "B12")]
    public async Task Who_stopped_at_the_very_end_of_a_feed_that_its_filter_left_out_gets_the_next_event()
    {
        var types = OwnEvents with { EventTypes = ["ItemAdded"] };
        var first = await AppendedAsync(2);
        var stream = NewStream();
        for (var round = 0; round < 3; round++)
        {
            var other = await Store.AppendAsync(
                stream, [AnEvent(stream, type: "ItemViewed")], cancellationToken: Cancellation);
            await SettledAsync(other.LastPosition);
            var status = await RunBatchAsync(new RecordingHandler(), options => options.Filter = types);
            var bound = await Feed.GetSettledBoundAsync(Cancellation);
            status.Position.Should().BeGreaterThanOrEqualTo(other.LastPosition).And.BeLessThanOrEqualTo(bound);

            var next = await AppendedAsync(1);
            var handler = new RecordingHandler();
            await RunBatchAsync(handler, options => options.Filter = types);

            Ids(handler.Handled).Should().Equal(Ids(next));
            first[^1].Position.Should().BeLessThan(next[0].Position);
        }
    }

    // B16. A peer's checkpoint was not stored any more with many partitions, or when it did not start at zero.
    [Theory]
    [InlineData(100)]
    [InlineData(256)]
    [Trait("PeerBug", "B16")]
    public async Task The_checkpoint_comes_to_the_end_with_many_lanes_and_a_start_in_the_middle(int lanes)
    {
        var before = await AppendedAsync(3);
        var events = new List<EventEnvelope>();
        for (var stream = 0; stream < 20; stream++)
        {
            events.AddRange(await AppendedAsync(3));
        }

        var handler = new RecordingHandler();
        await using var running = Start(handler, options =>
            (options.Lanes, options.Start) = (lanes, SubscriptionStart.After(before[^1].Position)));
        await StoredAsync(events[^1].Position);
        events.AddRange(await AppendedAsync(3));
        await StoredAsync(events[^1].Position);

        handler.Handled.Select(envelope => envelope.Id).Should().BeEquivalentTo(Ids(events));
    }

    private async Task StoredAsync(Position position)
    {
        while ((await Checkpoints.LoadAsync(Name, Cancellation))?.Position is not { } stored || stored < position)
        {
            await Task.Yield();
        }
    }

    private sealed class FailingCheckpointStore(ICheckpointStore inner, Func<bool> isBroken) : ICheckpointStore
    {
        public Task<CheckpointClaim> ClaimAsync(
            string consumer, string owner, CancellationToken cancellationToken = default) =>
            inner.ClaimAsync(consumer, owner, cancellationToken);

        public Task<Checkpoint?> LoadAsync(string consumer, CancellationToken cancellationToken = default) =>
            inner.LoadAsync(consumer, cancellationToken);

        public Task<CheckpointClaim> SaveAsync(
            CheckpointClaim claim, Checkpoint checkpoint, CancellationToken cancellationToken = default) =>
            isBroken()
                ? throw new StoreUnavailableException("broken by the test")
                : inner.SaveAsync(claim, checkpoint, cancellationToken);
    }
}
