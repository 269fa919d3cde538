namespace K1s0.EventStore.Conformance;

/// <summary>Subscriptions to a part of the feed: where they begin and end, and what a filter lets through.</summary>
public abstract class SubscriptionRangeSuite : SubscriptionTestBase
{
    [Fact]
    [Trait("Row", "I14")]
    public async Task A_batch_hands_over_every_event_once_in_order_and_ends_at_the_settled_bound()
    {
        var events = await AppendedAsync(25);
        var handler = new RecordingHandler();

        var status = await RunBatchAsync(handler, options => options.PageSize = 7);

        Ids(handler.Handled).Should().Equal(Ids(events));
        status.State.Should().Be(SubscriptionState.Completed);
        (status.HandledEvents, status.Lag).Should().Be((25, TimeSpan.Zero));
        status.Position.Should().BeGreaterThanOrEqualTo(events[^1].Position);
        (await Checkpoints.LoadAsync(Name, Cancellation))!.Position.Should().Be(status.Position);
    }

    [Fact]
    public async Task A_subscription_goes_on_behind_its_checkpoint_in_another_instance()
    {
        var before = await AppendedAsync(5);
        await RunBatchAsync(new RecordingHandler());
        var after = await AppendedAsync(3);
        var handler = new RecordingHandler();

        await using var another = await Backend.OpenAnotherAsync();
        using var live = new LiveFeed(another.Feed);
        var subscription = new Subscription(
            Name, handler, live, another.Checkpoints, Options(o => o.End = SubscriptionEnd.SettledBound));
        await subscription.RunAsync(Cancellation);

        before.Should().HaveCount(5);
        Ids(handler.Handled).Should().Equal(Ids(after));
    }

    [Fact]
    [Trait("Row", "L08")]
    public async Task A_checkpoint_taken_after_any_event_resumes_at_the_next_one_in_another_instance()
    {
        var events = await AppendedAsync(6);
        for (var last = 0; last < events.Count; last++)
        {
            var name = $"{Name}-{last}";
            await RunBatchAsync(
                new RecordingHandler(), options => options.End = SubscriptionEnd.At(events[last].Position), name);
            (await Checkpoints.LoadAsync(name, Cancellation))!.Position.Should().Be(events[last].Position);

            await using var another = await Backend.OpenAnotherAsync();
            using var live = new LiveFeed(another.Feed);
            var handler = new RecordingHandler();
            await new Subscription(
                name, handler, live, another.Checkpoints, Options(o => o.End = SubscriptionEnd.SettledBound))
                .RunAsync(Cancellation);

            Ids(handler.Handled).Should().Equal(Ids(events.Skip(last + 1)));
        }
    }

    [Fact]
    [Trait("Row", "L09")]
    [Trait("Row", "I14")]
    public async Task Partitions_of_the_feed_that_are_read_in_parallel_give_every_event_once()
    {
        const int partitions = 8;
        var events = new List<EventEnvelope>();
        for (var stream = 0; stream < 20; stream++)
        {
            events.AddRange(await AppendedAsync(7));
        }

        var handlers = Enumerable.Range(0, partitions).Select(_ => new RecordingHandler()).ToArray();
        var ends = handlers.Select((_, index) => events[((index + 1) * events.Count / partitions) - 1].Position)
            .Prepend(FeedStart).ToArray();

        var statuses = await Task.WhenAll(handlers.Select((handler, index) => RunBatchAsync(
            handler,
            options =>
            {
                options.Start = SubscriptionStart.After(ends[index]);
                options.End = SubscriptionEnd.At(ends[index + 1]);
                options.PageSize = 5;
            },
            $"{Name}-{index}")));

        Ids(handlers.SelectMany(handler => handler.Handled)).Should().Equal(Ids(events), "none twice, none left out");
        statuses.Sum(status => status.HandledEvents).Should().Be((await OwnFeedAsync(ends[^1])).Count);
        statuses.Should().AllSatisfy(status => (status.State, status.Retries, status.Restarts, status.SkippedEvents)
            .Should().Be((SubscriptionState.Completed, 0, 0, 0)));
    }

    [Fact]
    public async Task A_subscription_that_starts_at_the_end_stores_that_end_at_once()
    {
        await AppendedAsync(4);
        await RunBatchAsync(new RecordingHandler(), options => options.Start = SubscriptionStart.End);
        var later = await AppendedAsync(3);
        var handler = new RecordingHandler();

        // The end of the first run counts, not the end of now.
        await RunBatchAsync(handler, options => options.Start = SubscriptionStart.End);

        Ids(handler.Handled).Should().Equal(Ids(later));
    }

    [Fact]
    public async Task A_subscription_starts_behind_a_position_or_at_a_time()
    {
        var events = await AppendedAsync(6);
        var (byPosition, byTime, never) = (new RecordingHandler(), new RecordingHandler(), new RecordingHandler());

        await RunBatchAsync(
            byPosition, options => options.Start = SubscriptionStart.After(events[3].Position), $"{Name}-position");
        await RunBatchAsync(
            byTime, options => options.Start = SubscriptionStart.At(events[0].RecordedAt), $"{Name}-time");
        await RunBatchAsync(
            never, options => options.Start = SubscriptionStart.At(events[0].RecordedAt.AddYears(100)), $"{Name}-never");

        Ids(byPosition.Handled).Should().Equal(Ids(events.Skip(4)));
        Ids(byTime.Handled).Should().Equal(Ids(events));
        never.Handled.Should().BeEmpty();
    }

    [Fact]
    [Trait("Row", "K11")]
    [Trait("Row", "I14")]
    public async Task A_replay_hands_over_its_own_range_and_keeps_its_own_checkpoint()
    {
        var events = await AppendedAsync(10);
        await RunBatchAsync(new RecordingHandler());
        var checkpoint = await Checkpoints.LoadAsync(Name, Cancellation);
        var handler = new RecordingHandler();

        var status = await RunBatchAsync(
            handler,
            options =>
            {
                options.Start = SubscriptionStart.After(events[1].Position);
                options.End = SubscriptionEnd.At(events[6].Position);
            },
            $"{Name}-replay");

        Ids(handler.Handled).Should().Equal(Ids(events.Skip(2).Take(5)));
        status.Position.Should().Be(events[6].Position);
        (await Checkpoints.LoadAsync($"{Name}-replay", Cancellation))!.ChainHash.Should().Be(events[6].ChainHash);
        (await Checkpoints.LoadAsync(Name, Cancellation)).Should().Be(checkpoint);
    }

    [Fact]
    [Trait("Row", "I14")]
    public async Task The_store_filters_by_type_stream_type_and_prefix_while_a_subscription_catches_up()
    {
        var (order, invoice) = (NewStream(), new StreamId("invoice", $"{TestKey}-1"));
        var closed = AnEvent(order, type: "OrderClosed");
        var billed = AnEvent(invoice, type: "InvoiceSent");
        await AppendedAsync(3, order);
        await Store.AppendAsync(order, [closed], cancellationToken: Cancellation);
        var last = await Store.AppendAsync(invoice, [billed], cancellationToken: Cancellation);
        await SettledAsync(last.LastPosition);
        var orders = Ids(await LoadAsync(order)).ToArray();
        (FeedFilter Filter, Guid[] Expected)[] cases =
        [
            (OwnEvents with { EventTypes = ["OrderClosed"] }, [closed.Id]),
            (OwnEvents with { StreamTypes = ["order"] }, orders),
            (new FeedFilter { StreamPrefix = $"invoice-{TestKey}" }, [billed.Id]),
            (new FeedFilter { StreamPrefix = $"invoice-{TestKey}", StreamTypes = ["order"] }, []),
        ];
        for (var index = 0; index < cases.Length; index++)
        {
            var (filter, expected) = cases[index];
            var handler = new RecordingHandler();
            using var live = new LiveFeed(new FilteringFeed(Feed, filter));
            var subscription = new Subscription(
                $"{Name}-{index}",
                handler,
                live,
                Checkpoints,
                Options(o => (o.Filter, o.End) = (filter, SubscriptionEnd.SettledBound)));

            await subscription.RunAsync(Cancellation);

            Ids(handler.Handled).Should().Equal(expected);
            subscription.GetStatus().Position.Should().BeGreaterThanOrEqualTo(last.LastPosition);
        }
    }

    // A peer's checkpoint lay behind the last event, and the event that took that position was never seen.
    [Fact]
    public async Task The_event_right_behind_a_checkpoint_at_the_end_is_handed_over_also_through_a_filter()
    {
        var stream = NewStream();
        var handler = new RecordingHandler();
        for (var round = 1; round <= 3; round++)
        {
            await AppendedAsync(1, stream);
            await RunBatchAsync(
                handler, options => options.Filter = OwnEvents with { EventTypes = ["OrderClosed"] }, $"{Name}-none");
            await RunBatchAsync(handler);

            handler.Handled.Select(envelope => (int)envelope.Version).Should().Equal(Enumerable.Range(1, round));
        }
    }
}
