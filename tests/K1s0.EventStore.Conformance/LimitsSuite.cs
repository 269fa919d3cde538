using System.Text;

namespace K1s0.EventStore.Conformance;

/// <summary>Every limit: as much as it says is accepted, one more is refused, and nothing is written.</summary>
public abstract class LimitsSuite : ConformanceSuite
{
    [Fact]
    public async Task As_many_events_as_allowed_are_stored_and_one_more_is_refused()
    {
        var stream = NewStream();
        await Store.AppendAsync(stream, SomeEvents(stream, 5), cancellationToken: Cancellation);

        await RefusedAsync<ArgumentOutOfRangeException>(
            () => Store.AppendAsync(stream, SomeEvents(stream, 6), cancellationToken: Cancellation), stream);

        (await LoadAsync(stream)).Should().HaveCount(5);
    }

    [Fact]
    public async Task The_events_of_all_streams_together_count()
    {
        StreamId[] streams = [NewStream(), NewStream()];
        await Appender.AppendAsync(
            [new(streams[0], SomeEvents(streams[0], 2)), new(streams[1], SomeEvents(streams[1], 3))], Cancellation);

        await RefusedAsync<ArgumentOutOfRangeException>(
            () => Appender.AppendAsync(
                [new(streams[0], SomeEvents(streams[0], 3)), new(streams[1], SomeEvents(streams[1], 3))], Cancellation),
            streams);
    }

    [Fact]
    public async Task As_many_streams_as_allowed_are_stored_and_one_more_is_refused()
    {
        StreamId[] streams = [NewStream(), NewStream(), NewStream(), NewStream()];
        await Appender.AppendAsync(
            [.. streams[..3].Select(stream => new StreamAppend(stream, [AnEvent(stream)]))], Cancellation);

        await RefusedAsync<ArgumentOutOfRangeException>(
            () => Appender.AppendAsync(
                [.. streams.Select(stream => new StreamAppend(stream, [AnEvent(stream)]))], Cancellation),
            streams);
    }

    [Fact]
    public async Task A_sequence_without_an_end_is_refused_after_one_event_too_many()
    {
        var (stream, drawn) = (NewStream(), 0);

        await RefusedAsync<ArgumentOutOfRangeException>(
            () => Store.AppendAsync(stream, Endless(), cancellationToken: Cancellation), stream);

        drawn.Should().Be(6);

        IEnumerable<EventEnvelope> Endless()
        {
            while (true)
            {
                drawn++;
                yield return AnEvent(stream);
            }
        }
    }

    [Fact]
    public async Task A_sequence_that_announces_two_billion_events_is_refused_without_making_room_for_them()
    {
        var stream = NewStream();
        var announced = Enumerable.Range(0, int.MaxValue).Select(_ => AnEvent(stream));

        await RefusedAsync<ArgumentOutOfRangeException>(
            () => Store.AppendAsync(stream, announced, cancellationToken: Cancellation), stream);
    }

    [Fact]
    public async Task The_bytes_of_all_events_together_have_a_limit()
    {
        var stream = NewStream();
        var events = SomeEvents(stream, 3).Select(envelope => envelope with { PayloadUtf8 = TextOf(99) }).ToArray();
        var size = events.Sum(envelope => envelope.PayloadUtf8.Length + envelope.MetadataUtf8.Length);
        size.Should().BeGreaterThan(Backend.Options.MaxBytesPerAppend);

        await RefusedAsync<ArgumentOutOfRangeException>(
            () => Store.AppendAsync(stream, events, cancellationToken: Cancellation), stream);

        await Store.AppendAsync(stream, events[..2], cancellationToken: Cancellation);
        (await LoadAsync(stream)).Should().HaveCount(2);
    }

    [Fact]
    public async Task A_payload_of_the_largest_size_is_stored_and_one_byte_more_is_refused()
    {
        var stream = NewStream();
        var largest = AnEvent(stream) with { PayloadUtf8 = TextOf(100) };
        await Store.AppendAsync(stream, [largest], cancellationToken: Cancellation);

        var refusal = await RefusedAsync<InvalidEventException>(
            () => Store.AppendAsync(
                stream, [AnEvent(stream) with { PayloadUtf8 = TextOf(101) }], cancellationToken: Cancellation),
            stream);

        refusal.Reason.Should().Be(InvalidEventReason.TooLarge);
        (await LoadAsync(stream)).Should().Equal(Numbered([largest]));
    }

    [Fact]
    public async Task Metadata_of_the_largest_size_is_stored_and_one_byte_more_is_refused()
    {
        var stream = NewStream();
        var largest = AnEvent(stream) with { MetadataUtf8 = TextOf(50) };
        await Store.AppendAsync(stream, [largest], cancellationToken: Cancellation);

        var refusal = await RefusedAsync<InvalidEventException>(
            () => Store.AppendAsync(
                stream, [AnEvent(stream) with { MetadataUtf8 = TextOf(51) }], cancellationToken: Cancellation),
            stream);

        refusal.Reason.Should().Be(InvalidEventReason.TooLarge);
        (await LoadAsync(stream)).Should().Equal(Numbered([largest]));
    }

    [Theory]
    [InlineData("""[[[[]]]]""", """[[[[[]]]]]""")]
    [InlineData("""[[[[1,2]]]]""", """[[[[[1,2]]]]]""")]
    [InlineData("""{"a":{"b":{"c":{}}}}""", """{"a":{"b":{"c":{"d":{}}}}}""")]
    [InlineData("""[{"a":[{"b":1}]},1,[[]]]""", """[1,[],{"a":[{"b":[1]}]}]""")]
    public async Task Json_as_deep_as_allowed_is_stored_and_one_level_more_is_refused(string deepest, string tooDeep)
    {
        var stream = NewStream();
        await Store.AppendAsync(stream, [AnEvent(stream, deepest)], cancellationToken: Cancellation);

        var refusal = await RefusedAsync<InvalidEventException>(
            () => Store.AppendAsync(stream, [AnEvent(stream, tooDeep)], cancellationToken: Cancellation), stream);

        refusal.Reason.Should().Be(InvalidEventReason.TooDeep);
        (await LoadAsync(stream))[0].Payload.GetRawText().Should().Be(deepest);
    }

    protected override EventStoreOptions CreateOptions() => new()
    {
        MaxEventsPerAppend = 5,
        MaxBytesPerAppend = 260,
        MaxStreamsPerAppend = 3,
        MaxPayloadBytes = 100,
        MaxMetadataBytes = 50,
        MaxJsonDepth = 4,
    };

    private static byte[] TextOf(int length) => Encoding.UTF8.GetBytes($"\"{new string('x', length - 2)}\"");
}
