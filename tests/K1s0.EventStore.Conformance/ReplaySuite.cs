namespace K1s0.EventStore.Conformance;

/// <summary>Replays: what is selected, where they go on, and what a failure leaves behind.</summary>
public abstract class ReplaySuite : SubscriptionTestBase
{
    private static readonly string[] Types = ["ItemAdded", "ItemRemoved", "OrderClosed"];

    /// <summary>Replays of the store under test.</summary>
    private Replay Replay => new(Feed, Streams);

    /// <summary>This test's own events.</summary>
    private ReplaySelection Own => new() { After = FeedStart, Filter = OwnEvents };

    [Fact]
    [Trait("Row", "I08")]
    [Trait("Row", "K11")]
    public async Task Any_selection_gives_what_a_search_through_the_whole_feed_gives()
    {
        var random = SeededRandom.Create();
        var events = await MixedEventsAsync(random, streams: 6, events: 80);
        for (var round = 0; round < 60; round++)
        {
            var selection = AnySelection(random, events);

            var found = await ReadAsync(selection, pageSize: random.Next(1, 30));

            Ids(found).Should().Equal(Ids(Search(events, selection)), $"of {selection}");
        }
    }

    [Fact]
    [Trait("Row", "L07")]
    [Trait("Row", "L08")]
    public async Task From_a_time_on_with_a_limit_each_part_goes_on_exactly_behind_the_place_of_the_one_before()
    {
        var before = await AppendedAsync(3);
        await ClockMovesAsync(before[^1].RecordedAt);
        var wanted = await AppendedAsync(10);
        var selection = Own with
        {
            Filter = OwnEvents with { RecordedFrom = wanted[0].RecordedAt },
            Limit = 4,
        };
        var (seen, place) = (new List<EventEnvelope>(), (string?)null);
        for (var part = 0; part < 3; part++)
        {
            // As another process would, with what was written down and nothing else.
            await using var another = await Backend.OpenAnotherAsync();
            var handler = new RecordingHandler();
            var report = await new Replay(another.Feed, another.Streams).RunAsync(
                place is null ? selection : selection.Behind(ReplayPlace.Parse(place)),
                [new ReplayHandler("seen", handler)],
                cancellationToken: Cancellation);

            report.IsLimitReached.Should().Be(part < 2);
            seen.AddRange(handler.Handled);
            report.Reached.Should().Be(new ReplayPlace(seen[^1].PartitionKey, seen[^1].Position));
            place = report.Reached!.ToString();
        }

        Ids(seen).Should().Equal(Ids(wanted));
        place.Should().MatchRegex(@"^\d{4}/\d\d/\d\d/\d\d@\d+$");
    }

    [Fact]
    [Trait("Row", "L09")]
    public async Task Parts_that_are_read_at_the_same_time_give_every_event_once()
    {
        var events = await MixedEventsAsync(SeededRandom.Create(), streams: 10, events: 200);
        var parts = await Replay.SplitAsync(Own, 8, Cancellation);
        var later = await AppendedAsync(2);

        var read = await Task.WhenAll(parts.Select(part => Task.Run(() => ReadAsync(part, pageSize: 7), Cancellation)));

        read.Should().HaveCount(8);
        Ids(read.SelectMany(part => part)).Should().Equal(Ids(events), "the parts follow each other");
        later.Should().HaveCount(2, "what came after the cut belongs to no part");
    }

    [Fact]
    [Trait("Row", "X09")]
    [Trait("Row", "L08")]
    public async Task A_replay_that_stops_names_the_place_and_the_next_one_goes_on_with_the_event_that_failed()
    {
        var events = await MixedEventsAsync(SeededRandom.Create(), streams: 3, events: 30);
        var handler = new RecordingHandler((envelope, _) => envelope.Id == events[17].Id
            ? throw new HandlerBrokenException()
            : Task.CompletedTask);

        var stop = await Assert.ThrowsAsync<ReplayFailedException>(() => Replay.RunAsync(
            Own,
            [new ReplayHandler("rows", handler)],
            new ReplayOptions { MaxAttempts = 1, PageSize = 10 },
            cancellationToken: Cancellation));

        stop.Report.Outcome.Should().Be(ReplayOutcome.Stopped);
        stop.Report.Reached.Should().Be(ReplayPlace.Of(events[16]));
        Ids(handler.Handled).Should().Equal(Ids(events.Take(17)));
        var rest = new RecordingHandler();
        var report = await Replay.RunAsync(
            Own.Behind(stop.Report.Reached!), [new ReplayHandler("rows", rest)], cancellationToken: Cancellation);
        report.Outcome.Should().Be(ReplayOutcome.Completed);
        Ids(rest.Handled).Should().Equal(Ids(events.Skip(17)));
    }

    [Fact]
    [Trait("Row", "X07")]
    public async Task Lanes_handle_streams_side_by_side_and_each_in_order()
    {
        var events = await MixedEventsAsync(SeededRandom.Create(), streams: 40, events: 300);
        var (meeting, arrived) = (new TaskCompletionSource(), 0);
        var handler = new RecordingHandler(async (_, token) =>
        {
            // The first two wait for each other: they are in two lanes, or nobody ever goes on.
            if (Interlocked.Increment(ref arrived) == 2)
            {
                meeting.SetResult();
            }

            await meeting.Task.WaitAsync(token);
        });

        var report = await Replay.RunAsync(
            Own, [new ReplayHandler("rows", handler)], new ReplayOptions { Lanes = 8 }, cancellationToken: Cancellation);

        report.HandledEvents.Should().Be(300);
        report.Reached.Should().Be(ReplayPlace.Of(events[^1]));
        foreach (var stream in events.GroupBy(envelope => envelope.StreamId))
        {
            Ids(handler.Handled.Where(envelope => envelope.StreamId == stream.Key)).Should().Equal(Ids(stream));
        }
    }

    [Fact]
    public async Task A_place_behind_the_end_of_the_feed_says_that_events_were_lost()
    {
        var bound = await Feed.GetSettledBoundAsync(Cancellation);
        var selection = Own with { After = new Position(bound.Value + 1_000_000) };

        await Assert.ThrowsAsync<FeedDivergedException>(() => ReadAsync(selection, pageSize: 10));
        var handler = new RecordingHandler();
        await Assert.ThrowsAsync<FeedDivergedException>(() => Replay.RunAsync(
            selection, [new ReplayHandler("rows", handler)], cancellationToken: Cancellation));

        handler.Handled.Should().BeEmpty();
    }

    private static IEnumerable<EventEnvelope> Search(IReadOnlyList<EventEnvelope> events, ReplaySelection selection) =>
        events
            .Where(envelope => envelope.Position > selection.After
                && !(envelope.Position > selection.To)
                && (selection.Stream is null || envelope.StreamId == selection.Stream)
                && selection.Filter?.Matches(envelope) is not false
                && selection.Where?.Invoke(envelope) is not false)
            .Take((int)(selection.Limit ?? int.MaxValue));

    private ReplaySelection AnySelection(Random random, IReadOnlyList<EventEnvelope> events)
    {
        EventEnvelope Any() => events[random.Next(events.Count)];
        bool Maybe() => random.Next(3) == 0;
        var start = Maybe() ? Any().Position : FeedStart;
        var one = Maybe() ? Any().StreamId : null;
        return new ReplaySelection
        {
            After = start,
            To = Maybe() ? Any().Position : null,
            Stream = one,
            Filter = OwnEvents with
            {
                EventTypes = Maybe() ? [Types[random.Next(3)], Types[random.Next(3)]] : null,
                StreamTypes = Maybe() ? ["order"] : null,
                StreamPrefix = Maybe() ? Any().StreamId.ToString() : OwnEvents.StreamPrefix,
                RecordedFrom = Maybe() ? Any().RecordedAt : null,
                RecordedBefore = Maybe() ? Any().RecordedAt : null,
            },
            Where = Maybe() ? envelope => envelope.Version % 2 == 0 : null,
            Limit = Maybe() ? random.Next(1, 20) : null,
        };
    }

    // Some streams, grown in turns, so that their events lie between each other.
    private async Task<IReadOnlyList<EventEnvelope>> MixedEventsAsync(Random random, int streams, int events)
    {
        var names = Enumerable.Range(0, streams).Select(_ => NewStream()).ToArray();
        for (var written = 0; written < events;)
        {
            var stream = names[random.Next(streams)];
            var count = Math.Min(random.Next(1, 8), events - written);
            await Store.AppendAsync(
                stream,
                Enumerable.Range(0, count).Select(_ => AnEvent(stream, type: Types[random.Next(3)])),
                cancellationToken: Cancellation);
            written += count;
        }

        var last = default(Position);
        foreach (var stream in names)
        {
            last = (await LoadAsync(stream)) is [.., var end] && end.Position > last ? end.Position : last;
        }

        return await OwnFeedAsync(last);
    }

    // The store's clock has passed a time; asked by what it records.
    private async Task ClockMovesAsync(DateTimeOffset time)
    {
        while (true)
        {
            var stream = new StreamId("clock", TestKey);
            var recorded = await Store.AppendAsync(stream, [AnEvent(stream)], cancellationToken: Cancellation);
            if (recorded.RecordedAt > time)
            {
                return;
            }
        }
    }

    private async Task<IReadOnlyList<EventEnvelope>> ReadAsync(ReplaySelection selection, int pageSize)
    {
        var found = new List<EventEnvelope>();
        await foreach (var envelope in Replay.ReadAsync(selection, pageSize, Cancellation))
        {
            found.Add(envelope);
        }

        return found;
    }
}
