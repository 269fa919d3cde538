namespace K1s0.EventStore.Conformance;

/// <summary>Appending to several streams at once: all of them, or none.</summary>
public abstract class MultiStreamAppendSuite : ConformanceSuite
{
    [Fact]
    public async Task Every_stream_gets_its_events_and_the_answers_come_in_the_order_of_the_call()
    {
        StreamId[] streams = [await StreamWithAsync(2), NewStream(), await StreamWithAsync(1)];
        StreamAppend[] appends =
        [
            new(streams[0], SomeEvents(streams[0], 1), ExpectedVersion.From(2)),
            new(streams[1], SomeEvents(streams[1], 2), ExpectedVersion.NoStream),
            new(streams[2], SomeEvents(streams[2], 3), ExpectedVersion.StreamExists),
        ];

        var results = await Appender.AppendAsync(appends, Cancellation);

        results.Select(result => result.StreamId).Should().Equal(streams);
        results.Select(result => result.Version.Value).Should().Equal(3, 2, 4);
        for (var i = 0; i < streams.Length; i++)
        {
            var stored = (await LoadAsync(streams[i])).TakeLast(appends[i].Events.Count).ToArray();
            stored.Should().Equal(Numbered(appends[i].Events, stored[0].Version));
            results[i].FirstPosition.Should().Be(stored[0].Position);
            results[i].LastPosition.Should().Be(stored[^1].Position);
            results[i].RecordedAt.Should().Be(stored[^1].RecordedAt);
            results[i].WasRepeated.Should().BeFalse();
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [Trait("Row", "K02")]
    public async Task One_conflict_refuses_all_of_them(int conflicting)
    {
        StreamId[] streams = [await StreamWithAsync(1), NewStream(), await StreamWithAsync(3)];
        int[] counts = [1, 0, 3];
        StreamAppend[] appends =
        [
            .. streams.Select((stream, index) => new StreamAppend(
                stream, SomeEvents(stream, 2), ExpectedVersion.From(counts[index] + (index == conflicting ? 1 : 0)))),
        ];

        var conflict = await RefusedAsync<ConcurrencyException>(
            () => Appender.AppendAsync(appends, Cancellation), streams);

        conflict.StreamId.Should().Be(streams[conflicting]);
        (conflict.ExpectedVersion, conflict.ActualVersion).Should().Be((counts[conflicting] + 1, counts[conflicting]));
    }

    [Fact]
    public async Task An_event_that_cannot_be_kept_refuses_all_of_them()
    {
        StreamId[] streams = [NewStream(), NewStream()];
        var bad = AnEvent(streams[1], payload: "{");

        var refusal = await RefusedAsync<InvalidEventException>(
            () => Appender.AppendAsync(
                [new(streams[0], SomeEvents(streams[0], 1)), new(streams[1], [AnEvent(streams[1]), bad])],
                Cancellation),
            streams);

        refusal.EventId.Should().Be(bad.Id);
    }

    [Fact]
    public async Task Repeating_it_gives_the_same_answers_and_no_second_copies()
    {
        StreamId[] streams = [NewStream(), NewStream(), NewStream()];
        StreamAppend[] appends =
            [.. streams.Select(stream => new StreamAppend(stream, SomeEvents(stream, 2), ExpectedVersion.NoStream))];
        var first = await Appender.AppendAsync(appends, Cancellation);
        await Store.AppendAsync(streams[1], [AnEvent(streams[1])], cancellationToken: Cancellation);
        var before = await StateAsync(streams);

        var repeated = await Appender.AppendAsync(appends, Cancellation);

        repeated.Should().Equal(first.Select(result => result with { WasRepeated = true }));
        AssertSame(await StateAsync(streams), before);
    }

    [Fact]
    public async Task Repeating_it_with_the_streams_in_another_order_answers_in_that_order()
    {
        StreamId[] streams = [NewStream(), NewStream(), NewStream()];
        StreamAppend[] appends = [.. streams.Select(stream => new StreamAppend(stream, SomeEvents(stream, 2)))];
        var first = await Appender.AppendAsync(appends, Cancellation);
        await using var another = await Backend.OpenAnotherAsync();

        var repeated = await another.Appender.AppendAsync([.. appends.Reverse()], Cancellation);

        repeated.Should().Equal(first.Reverse().Select(result => result with { WasRepeated = true }));
    }

    [Fact]
    public async Task It_is_refused_when_one_stream_has_its_events_already_and_another_has_not()
    {
        var (stored, fresh) = (NewStream(), NewStream());
        var append = new StreamAppend(stored, SomeEvents(stored, 2));
        await Store.AppendAsync(stored, append.Events, cancellationToken: Cancellation);

        var reused = await RefusedAsync<EventIdReusedException>(
            () => Appender.AppendAsync([new(fresh, SomeEvents(fresh, 1)), append], Cancellation), stored, fresh);

        append.Events.Select(envelope => envelope.Id).Should().Contain(reused.EventId);
    }

    [Fact]
    public async Task An_id_that_is_taken_is_named_before_a_later_stream_at_another_version()
    {
        var (stored, taking, stale) = (NewStream(), NewStream(), NewStream());
        var (before, taken) = (AnEvent(stored), AnEvent(stored));
        await Store.AppendAsync(stored, [before, taken], cancellationToken: Cancellation);
        StreamAppend last = new(stale, [AnEvent(stale)], ExpectedVersion.Exactly(new StreamVersion(1L << 62)));

        var reused = await RefusedAsync<EventIdReusedException>(
            () => Appender.AppendAsync(
                [new(taking, [AnEvent(taking), taken with { StreamId = taking }]), last], Cancellation),
            stored,
            taking,
            stale);
        var repeated = await RefusedAsync<EventIdReusedException>(
            () => Appender.AppendAsync([new(stored, [before, taken]), last], Cancellation), stored, stale);

        reused.EventId.Should().Be(taken.Id);
        repeated.EventId.Should().Be(before.Id);
    }

    [Fact]
    public async Task The_feed_holds_all_of_its_events_once()
    {
        StreamId[] streams = [NewStream(), NewStream()];

        var results = await Appender.AppendAsync(
            [.. streams.Select(stream => new StreamAppend(stream, SomeEvents(stream, 3)))], Cancellation);

        var feed = await OwnFeedAsync(results.Max(result => result.LastPosition));
        feed.Should().HaveCount(6);
        foreach (var stream in streams)
        {
            feed.Where(envelope => envelope.StreamId == stream).Should().Equal(await LoadAsync(stream));
        }
    }

    [Fact]
    public async Task An_append_to_no_stream_at_all_is_refused() =>
        await Assert.ThrowsAnyAsync<ArgumentException>(() => Appender.AppendAsync([], Cancellation));

    [Fact]
    public async Task A_stream_that_stands_twice_is_refused()
    {
        var stream = NewStream();

        await RefusedAsync<ArgumentException>(
            () => Appender.AppendAsync(
                [new(stream, SomeEvents(stream, 1)), new(stream, SomeEvents(stream, 1))], Cancellation),
            stream);
    }

    [Fact]
    public async Task A_stream_without_events_is_refused()
    {
        var (stream, other) = (NewStream(), NewStream());

        await RefusedAsync<ArgumentException>(
            () => Appender.AppendAsync([new(stream, SomeEvents(stream, 1)), new(other, [])], Cancellation),
            stream,
            other);
    }

    [Fact]
    public async Task An_id_that_stands_in_two_streams_is_refused()
    {
        var (stream, other) = (NewStream(), NewStream());
        var envelope = AnEvent(stream);

        var refusal = await RefusedAsync<InvalidEventException>(
            () => Appender.AppendAsync(
                [new(stream, [envelope]), new(other, [envelope with { StreamId = other }])], Cancellation),
            stream,
            other);

        (refusal.EventId, refusal.Reason).Should().Be((envelope.Id, InvalidEventReason.DuplicateId));
    }
}
