using System.Globalization;
using K1s0.EventStore.Compression;
using K1s0.EventStore.Conformance;
using K1s0.EventStore.ObjectStores;

namespace K1s0.EventStore.Archive.Tests;

public sealed class EventBatchTests
{
    private readonly SimulatedObjectStore _objects = new(new ManualTime(DateTimeOffset.UnixEpoch));

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static TheoryData<string> Codecs => ["zstd", "brotli"];

    [Theory]
    [MemberData(nameof(Codecs))]
    public async Task Every_event_comes_back_with_every_byte_and_everything_that_the_store_added(string codec)
    {
        foreach (var events in new[] { await Corpus.Create().OrdersAsync(900), await Corpus.StrangeAsync() })
        {
            var batch = Write(events, codecs: Named(codec));

            var decoded = EventBatchReader.Decode(batch.Content).ToList();

            decoded.Should().Equal(events);
            foreach (var (envelope, original) in decoded.Zip(events))
            {
                (envelope.Position, envelope.RecordedAt, envelope.PreviousEventId, envelope.ContentDigest, envelope.ChainHash)
                    .Should().Be((original.Position, original.RecordedAt, original.PreviousEventId,
                        original.ContentDigest, original.ChainHash));
                envelope.PayloadUtf8.ToArray().Should().Equal(original.PayloadUtf8.ToArray());
                envelope.MetadataUtf8.ToArray().Should().Equal(original.MetadataUtf8.ToArray());
            }
        }
    }

    [Fact]
    [Trait("Row", "L05")]
    public async Task A_batch_of_a_thousand_events_is_seventy_per_cent_smaller_and_says_what_it_holds()
    {
        var events = await Corpus.Create().OrdersAsync(1_200);
        var writer = new EventBatchWriter(Corpus.Store);
        var added = events.TakeWhile(writer.TryAdd).Count();

        var batch = writer.Finish();

        added.Should().Be(1_000);
        var raw = events.Take(added).Sum(envelope => envelope.PayloadUtf8.Length + envelope.MetadataUtf8.Length);
        batch.Content.Length.Should().BeLessThan(raw * 3 / 10);
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{raw} bytes of payload and metadata, {batch.Index.ContentLength} of lines, {batch.Content.Length} stored");
        batch.Key("a1").Value.Should().Be(
            $"events/2026/07/01/13/{events[0].Position.Value:D20}-{events[999].Position.Value:D20}-a1.batch.zst");
        batch.Attributes().Metadata.Should().Contain("event_count", "1000");
        batch.Attributes().Metadata["time_range"].Should().Be(
            "2026-07-01T13:00:00.000000Z/2026-07-01T13:00:19.980000Z");
    }

    [Fact]
    [Trait("Row", "L05")]
    public async Task A_batch_ends_at_a_megabyte_of_lines()
    {
        var events = await Corpus.Create().OrdersAsync(2_000);
        var writer = new EventBatchWriter(Corpus.Store, new EventBatchLimits(10_000, 1_000_000));

        var batches = new List<EventBatch>();
        foreach (var envelope in events)
        {
            if (!writer.TryAdd(envelope))
            {
                batches.Add(writer.Finish());
                writer.TryAdd(envelope).Should().BeTrue();
            }
        }

        batches.Add(writer.Finish());
        batches.Should().HaveCountGreaterThan(1);
        batches.Should().OnlyContain(batch => batch.Index.ContentLength <= 1_000_000);
        batches.SkipLast(1).Should().OnlyContain(batch => batch.Index.ContentLength > 990_000);
        batches.SelectMany(batch => EventBatchReader.Decode(batch.Content)).Should().Equal(events);
    }

    [Fact]
    public async Task One_event_takes_two_ranged_gets_and_at_most_128_KiB()
    {
        var events = await Corpus.Create().OrdersAsync(8_000, streams: 900);
        var batch = Write(events, EventBatchLimits.Compaction);
        await _objects.PutIfAbsentAsync(batch.Key("1"), batch.Content, batch.Attributes(), Cancellation);
        batch.Index.Frames.Should().HaveCountGreaterThan(10);
        foreach (var wanted in new[] { events[0], events[4_321], events[^1] })
        {
            var before = _objects.Calls.Count;

            var reader = (await EventBatchReader.OpenAsync(_objects, batch.Key("1"), cancellationToken: Cancellation))!;
            var found = await reader.FindAsync(wanted.Position, Cancellation);

            found.Should().Be(wanted);
            found!.ChainHash.Should().Be(wanted.ChainHash);
            var calls = _objects.Calls.Skip(before).ToList();
            calls.Should().HaveCount(2).And.OnlyContain(call => call.Method == nameof(IObjectStore.GetRangeAsync));
            calls.Sum(call => call.BytesRead).Should().BeLessThanOrEqualTo(128 * 1024);
        }
    }

    [Fact]
    public async Task A_stream_is_found_in_the_frames_that_hold_it_and_hardly_elsewhere()
    {
        var events = await Corpus.Create().OrdersAsync(4_000, streams: 3_000);
        var (reader, frames) = await OpenAsync(events);
        var unneeded = 0;

        foreach (var stream in events.GroupBy(envelope => envelope.StreamId).Take(200))
        {
            var found = await reader.FindFramesAsync(stream.Key, Cancellation);
            var holding = frames.Where(frame => stream.Any(
                envelope => frame.First <= envelope.Position && envelope.Position <= frame.Last)).ToList();
            found.Should().Contain(holding);
            unneeded += found.Count - holding.Count;
        }

        unneeded.Should().BeLessThan(20);
        var nowhere = 0;
        for (var number = 0; number < 200; number++)
        {
            nowhere += (await reader.FindFramesAsync(
                new StreamId("order", number.ToString(CultureInfo.InvariantCulture)), Cancellation)).Count;
        }

        nowhere.Should().BeLessThan(20);
    }

    [Fact]
    public async Task Reading_goes_on_behind_a_position_and_touches_no_frame_before()
    {
        var events = await Corpus.Create().OrdersAsync(3_000);
        var (reader, frames) = await OpenAsync(events);
        var before = _objects.Calls.Count;

        var read = await reader.ReadAsync(events[2_500].Position, Cancellation).ToListAsync(Cancellation);

        read.Should().Equal(events.Skip(2_501));
        (_objects.Calls.Count - before).Should().Be(frames.Count(frame => frame.Last > events[2_500].Position));
        (await reader.ReadAsync(cancellationToken: Cancellation).ToListAsync(Cancellation)).Should().Equal(events);
        (await reader.FindAsync(new Position(long.MaxValue), Cancellation)).Should().BeNull();
    }

    [Fact]
    public async Task What_is_not_there_is_told_by_null() =>
        (await EventBatchReader.OpenAsync(_objects, new ObjectKey("a"), cancellationToken: Cancellation))
            .Should().BeNull();

    [Fact]
    public async Task An_event_that_is_larger_than_everything_has_a_batch_and_a_frame_of_its_own()
    {
        var store = new InMemoryEventStore();
        var stream = new StreamId("document", "1");
        var noise = new byte[700_000];
        new Random(7).NextBytes(noise);
        await store.AppendAsync(
            stream,
            [
                EventEnvelope.Create(stream, "small", "{}"u8.ToArray()),
                EventEnvelope.Create(
                    stream, "large", System.Text.Encoding.UTF8.GetBytes($"\"{Convert.ToBase64String(noise)}\"")),
                EventEnvelope.Create(stream, "small", "{}"u8.ToArray()),
            ]);
        var events = await store.ReadFeedAsync().ToListAsync(Cancellation);

        var batch = Write(events, EventBatchLimits.Compaction);

        batch.Index.Frames.Select(frame => frame.EventCount).Should().Equal(1, 1, 1);
        EventBatchReader.Decode(batch.Content).Should().Equal(events);
        var small = new EventBatchReaderOptions(maxFrameContentBytes: 256 * 1024);
        FluentActions.Invoking(() => EventBatchReader.Decode(batch.Content, small).ToList())
            .Should().Throw<DecompressionException>().Which.Fault.Should().Be(DecompressionFault.TooLarge);
        var writer = new EventBatchWriter(Corpus.Store, new EventBatchLimits(10, 1_024));
        writer.TryAdd(events[1]).Should().BeTrue("the first one always fits");
        writer.TryAdd(events[2]).Should().BeFalse();
    }

    [Fact]
    public async Task What_is_not_stored_out_of_order_or_not_what_its_digests_say_is_refused_and_disturbs_nothing()
    {
        var events = await Corpus.Create().OrdersAsync(50, streams: 2);
        var writer = new EventBatchWriter(Corpus.Store);
        FluentActions.Invoking(writer.Finish).Should().Throw<InvalidOperationException>();
        foreach (var envelope in events.Take(40))
        {
            writer.TryAdd(envelope).Should().BeTrue();
        }

        EventEnvelope[] wrong =
        [
            events[39],
            events[0],
            EventEnvelope.Create(events[0].StreamId, "new", "{}"u8.ToArray()),
            events[40] with { PayloadUtf8 = "{}"u8.ToArray() },
            events[40] with { ContentDigest = events[39].ContentDigest },
            events[40] with { ChainHash = events[39].ChainHash },
            events[40] with { PreviousEventId = Guid.Empty },
        ];
        foreach (var envelope in wrong)
        {
            FluentActions.Invoking(() => writer.TryAdd(envelope)).Should().Throw<ArgumentException>();
        }

        events.Skip(40).Should().OnlyContain(envelope => writer.TryAdd(envelope));
        EventBatchReader.Decode(writer.Finish().Content).Should().Equal(events);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a/b")]
    [InlineData("a-b")]
    [InlineData("01234567890123456789012345678901234567890")]
    public async Task An_attempt_is_letters_and_digits(string attempt)
    {
        var batch = Write(await Corpus.Create().OrdersAsync(1));

        FluentActions.Invoking(() => batch.Key(attempt)).Should().Throw<ArgumentException>();
    }

    [Fact]
    public void Limits_have_limits()
    {
        FluentActions.Invoking(() => new EventBatchLimits(0, 1_024)).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => new EventBatchLimits(1, 1_023)).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => new EventBatchLimits(1, 81 * 1024 * 1024)).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => new EventBatchReaderOptions(1)).Should().Throw<ArgumentException>();
        EventBatchLimits.Streaming.Should().Be(new EventBatchLimits(1_000, 1_000_000));
    }

    internal static EventBatch Write(
        IEnumerable<EventEnvelope> events, EventBatchLimits? limits = null, CompressionCodecs? codecs = null)
    {
        var writer = new EventBatchWriter(Corpus.Store, limits ?? EventBatchLimits.Compaction, codecs);
        events.Should().OnlyContain(envelope => writer.TryAdd(envelope));
        return writer.Finish();
    }

    private static CompressionCodecs Named(string codec) => new(
        codec is "zstd" ? CompressionCodecs.Zstd() : CompressionCodecs.Brotli());

    private async Task<(EventBatchReader Reader, IReadOnlyList<EventBatchFrame> Frames)> OpenAsync(
        IReadOnlyList<EventEnvelope> events)
    {
        var batch = Write(events);
        await _objects.PutIfAbsentAsync(batch.Key("1"), batch.Content, cancellationToken: Cancellation);
        var reader = (await EventBatchReader.OpenAsync(_objects, batch.Key("1"), cancellationToken: Cancellation))!;
        reader.Index.Should().BeEquivalentTo(batch.Index);
        return (reader, reader.Index.Frames);
    }
}
