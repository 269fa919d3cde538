namespace K1s0.EventStore.Conformance;

/// <summary>Reading a stream as a sequence, forward and backward.</summary>
public abstract class StreamReadingSuite : ConformanceSuite
{
    [Theory]
    [InlineData(null, 1)]
    [InlineData(0L, 1)]
    [InlineData(1L, 1)]
    [InlineData(3L, 3)]
    [InlineData(5L, 5)]
    [InlineData(6L, 6)]
    [InlineData(long.MaxValue, 6)]
    public async Task Forward_goes_from_the_given_version_to_the_end(long? from, int first)
    {
        var stream = NewStream();
        var events = SomeEvents(stream, 5);
        await Store.AppendAsync(stream, events, cancellationToken: Cancellation);

        (await ReadAsync(stream, ReadDirection.Forward, from)).Should().Equal(Numbered(events)[(first - 1)..]);
    }

    [Theory]
    [InlineData(null, 5)]
    [InlineData(long.MaxValue, 5)]
    [InlineData(9L, 5)]
    [InlineData(5L, 5)]
    [InlineData(3L, 3)]
    [InlineData(1L, 1)]
    [InlineData(0L, 0)]
    public async Task Backward_goes_from_the_given_version_to_the_beginning(long? from, int first)
    {
        var stream = NewStream();
        var events = SomeEvents(stream, 5);
        await Store.AppendAsync(stream, events, cancellationToken: Cancellation);

        (await ReadAsync(stream, ReadDirection.Backward, from)).Should().Equal(Numbered(events)[..first].Reverse());
    }

    [Theory]
    [InlineData(ReadDirection.Forward)]
    [InlineData(ReadDirection.Backward)]
    public async Task A_stream_that_does_not_exist_gives_nothing(ReadDirection direction) =>
        (await ReadAsync(NewStream(), direction, from: null)).Should().BeEmpty();

    [Theory]
    [InlineData(ReadDirection.Forward)]
    [InlineData(ReadDirection.Backward)]
    public async Task A_stream_longer_than_any_page_is_read_whole_and_in_order(ReadDirection direction)
    {
        var stream = NewStream();
        for (var i = 0; i < 3; i++)
        {
            await Store.AppendAsync(stream, SomeEvents(stream, 1_000), expectedVersion: i * 1_000, Cancellation);
        }

        var versions = (await ReadAsync(stream, direction, from: null)).Select(envelope => envelope.Version);

        var expected = Enumerable.Range(1, 3_000).Select(version => (long)version);
        versions.Should().Equal(direction is ReadDirection.Forward ? expected : expected.Reverse());
    }

    [Fact]
    public async Task What_is_read_equals_what_is_loaded_with_everything_that_the_store_added()
    {
        var stream = await StreamWithAsync(4);

        var read = await ReadAsync(stream, ReadDirection.Forward, from: null);

        read.Select(StoredEvent.Of).Should().Equal((await LoadAsync(stream)).Select(StoredEvent.Of));
    }

    [Fact]
    public async Task The_sequence_can_be_read_again_and_then_shows_what_was_added()
    {
        var stream = await StreamWithAsync(2);
        var sequence = Streams.ReadStreamAsync(stream, cancellationToken: Cancellation);
        (await CollectAsync(sequence)).Should().HaveCount(2);

        await Store.AppendAsync(stream, [AnEvent(stream)], cancellationToken: Cancellation);

        (await CollectAsync(sequence)).Should().HaveCount(3);
    }

    [Fact]
    public async Task A_reader_that_stops_early_or_writes_while_it_reads_disturbs_nobody()
    {
        var stream = await StreamWithAsync(3);
        await foreach (var envelope in Streams.ReadStreamAsync(stream, cancellationToken: Cancellation))
        {
            await Store.AppendAsync(stream, [AnEvent(stream)], expectedVersion: 3, Cancellation);
            envelope.Version.Should().Be(1);
            break;
        }

        (await ReadAsync(stream, ReadDirection.Forward, from: null)).Should().HaveCount(4);
    }

    private static async Task<IReadOnlyList<EventEnvelope>> CollectAsync(IAsyncEnumerable<EventEnvelope> sequence)
    {
        var events = new List<EventEnvelope>();
        await foreach (var envelope in sequence)
        {
            events.Add(envelope);
        }

        return events;
    }

    private Task<IReadOnlyList<EventEnvelope>> ReadAsync(StreamId stream, ReadDirection direction, long? from) =>
        CollectAsync(Streams.ReadStreamAsync(
            stream, direction, from is { } version ? new StreamVersion(version) : null, Cancellation));
}
