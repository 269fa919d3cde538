namespace K1s0.EventStore.Conformance;

/// <summary>Retries: the same event ids give one copy and the same answer, other content is refused.</summary>
public abstract class RepeatedAppendSuite : ConformanceSuite
{
    public static TheoryData<int, Expectation> Expectations => new()
    {
        { 0, Expectation.Any },
        { 0, Expectation.NoStream },
        { 0, Expectation.Exactly(0) },
        { 2, Expectation.Any },
        { 2, Expectation.StreamExists },
        { 2, Expectation.Exactly(2) },
    };

    public static TheoryData<string> Changes => ["payload", "metadata", "type", "schema version", "time", "whitespace"];

    [Theory]
    [MemberData(nameof(Expectations))]
    public async Task Repeating_an_append_gives_the_same_answer_and_no_second_copy(int count, Expectation expectation)
    {
        var stream = await StreamWithAsync(count);
        var events = SomeEvents(stream, 3);
        var first = await Appender.AppendAsync(stream, events, expectation.Value, Cancellation);
        var before = await StateAsync(stream);

        var repeated = await Appender.AppendAsync(stream, events, expectation.Value, Cancellation);

        first.WasRepeated.Should().BeFalse();
        repeated.Should().Be(first with { WasRepeated = true });
        AssertSame(await StateAsync(stream), before);
    }

    [Theory]
    [MemberData(nameof(Expectations))]
    public async Task Repeating_an_append_after_others_followed_gives_the_same_answer(
        int count, Expectation expectation)
    {
        var stream = await StreamWithAsync(count);
        var events = SomeEvents(stream, 2);
        var first = await Appender.AppendAsync(stream, events, expectation.Value, Cancellation);
        await Store.AppendAsync(stream, SomeEvents(stream, 4), cancellationToken: Cancellation);
        var before = await StateAsync(stream);

        var repeated = await Appender.AppendAsync(stream, events, expectation.Value, Cancellation);

        repeated.Should().Be(first with { WasRepeated = true });
        AssertSame(await StateAsync(stream), before);
    }

    [Theory]
    [MemberData(nameof(Expectations))]
    public async Task Repeating_an_append_through_another_instance_gives_the_same_answer(
        int count, Expectation expectation)
    {
        var stream = await StreamWithAsync(count);
        var events = SomeEvents(stream, 3);
        var first = await Appender.AppendAsync(stream, events, expectation.Value, Cancellation);
        var before = await StateAsync(stream);
        await using var another = await Backend.OpenAnotherAsync();

        var repeated = await another.Appender.AppendAsync(stream, events, expectation.Value, Cancellation);

        repeated.Should().Be(first with { WasRepeated = true });
        AssertSame(await StateAsync(stream), before);
    }

    [Fact]
    public async Task Another_instance_continues_a_stream_where_the_first_one_left_it()
    {
        var stream = await StreamWithAsync(2);
        await using var another = await Backend.OpenAnotherAsync();

        await another.Store.AppendAsync(stream, [AnEvent(stream)], expectedVersion: 2, Cancellation);
        await Store.AppendAsync(stream, [AnEvent(stream)], expectedVersion: 3, Cancellation);

        (await another.Store.LoadAsync(stream, cancellationToken: Cancellation))
            .Should().Equal(await LoadAsync(stream));
        (await Streams.GetHeadAsync(stream, Cancellation)).Version.Value.Should().Be(4);
    }

    [Fact]
    [Trait("PeerBug", "B21")]
    public async Task A_repeated_append_is_recognised_by_its_ids_whatever_it_expects()
    {
        var stream = NewStream();
        var events = SomeEvents(stream, 2);
        var first = await Appender.AppendAsync(stream, events, ExpectedVersion.NoStream, Cancellation);

        ExpectedVersion[] expectations = [ExpectedVersion.Any, ExpectedVersion.StreamExists, ExpectedVersion.From(9)];
        foreach (var expectation in expectations)
        {
            (await Appender.AppendAsync(stream, events, expectation, Cancellation))
                .Should().Be(first with { WasRepeated = true });
        }

        (await LoadAsync(stream)).Should().HaveCount(2);
    }

    [Fact]
    public async Task Envelopes_that_were_read_back_are_recognised_as_the_same_events()
    {
        var stream = NewStream();
        var first = await Store.AppendAsync(stream, SomeEvents(stream, 3), cancellationToken: Cancellation);

        var repeated = await Store.AppendAsync(stream, await LoadAsync(stream), cancellationToken: Cancellation);

        repeated.Should().Be(first with { WasRepeated = true });
        (await LoadAsync(stream)).Should().HaveCount(3);
    }

    [Theory]
    [MemberData(nameof(Changes))]
    public async Task A_stored_id_with_other_content_is_refused(string change)
    {
        var stream = NewStream();
        var envelope = AnEvent(stream);
        await Store.AppendAsync(stream, [envelope], cancellationToken: Cancellation);
        var changed = Changed(envelope, change);

        var reused = await RefusedAsync<EventIdReusedException>(
            () => Store.AppendAsync(stream, [changed], cancellationToken: Cancellation), stream);

        reused.EventId.Should().Be(envelope.Id);
        reused.IsTransient.Should().BeFalse();
    }

    [Fact]
    public async Task A_stored_id_in_another_stream_is_refused()
    {
        var (stream, other) = (NewStream(), NewStream());
        var envelope = AnEvent(stream);
        await Store.AppendAsync(stream, [envelope], cancellationToken: Cancellation);

        var reused = await RefusedAsync<EventIdReusedException>(
            () => Store.AppendAsync(other, [envelope with { StreamId = other }], cancellationToken: Cancellation),
            stream,
            other);

        reused.EventId.Should().Be(envelope.Id);
    }

    [Theory]
    [InlineData("old new")]
    [InlineData("new old")]
    [InlineData("new old new")]
    public async Task An_append_that_is_stored_in_part_is_refused(string parts)
    {
        var stream = NewStream();
        var old = AnEvent(stream);
        await Store.AppendAsync(stream, [old], cancellationToken: Cancellation);
        EventEnvelope[] events = [.. parts.Split(' ').Select(part => part is "old" ? old : AnEvent(stream))];

        var reused = await RefusedAsync<EventIdReusedException>(
            () => Store.AppendAsync(stream, events, cancellationToken: Cancellation), stream);

        reused.EventId.Should().Be(old.Id);
    }

    [Fact]
    public async Task Stored_events_in_another_order_are_no_repeated_append()
    {
        var stream = NewStream();
        var events = SomeEvents(stream, 2);
        await Store.AppendAsync(stream, events, cancellationToken: Cancellation);

        var reused = await RefusedAsync<EventIdReusedException>(
            () => Store.AppendAsync(stream, events.Reverse(), cancellationToken: Cancellation), stream);

        events.Select(envelope => envelope.Id).Should().Contain(reused.EventId);
    }

    [Fact]
    public async Task Stored_events_with_another_between_them_are_no_repeated_append()
    {
        var stream = NewStream();
        var events = SomeEvents(stream, 3);
        await Store.AppendAsync(stream, events, cancellationToken: Cancellation);

        await RefusedAsync<EventIdReusedException>(
            () => Store.AppendAsync(stream, [events[0], events[2]], cancellationToken: Cancellation), stream);
    }

    private static EventEnvelope Changed(EventEnvelope envelope, string change) => change switch
    {
        "payload" => envelope with { PayloadUtf8 = """{"quantity":2}"""u8.ToArray() },
        "metadata" => envelope with { MetadataUtf8 = """{"actor":"bob"}"""u8.ToArray() },
        "type" => envelope with { EventType = "ItemRemoved" },
        "schema version" => envelope with { SchemaVersion = 2 },
        "time" => envelope with { OccurredAt = envelope.OccurredAt.AddMicroseconds(1) },
        "whitespace" => envelope with { PayloadUtf8 = """{"quantity": 1}"""u8.ToArray() },
        _ => throw new ArgumentOutOfRangeException(nameof(change)),
    };
}
