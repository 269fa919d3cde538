using System.Buffers.Binary;
using K1s0.EventStore.Conformance;
using K1s0.EventStore.Integrity;
using K1s0.EventStore.ObjectStores;

namespace K1s0.EventStore.Archive.Tests;

/// <summary>Batches that somebody changed: a typed error, never other events, and no memory for what is claimed.</summary>
public sealed class HostileBatchTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Cut_off_at_any_byte_it_is_refused()
    {
        var content = EventBatchTests.Write(await Corpus.Create().OrdersAsync(5)).Content;

        for (var length = 0; length < content.Length; length++)
        {
            Refusal(content[..length]).Should().NotBeNull($"{length} of {content.Length} bytes are no batch");
        }

        Refusal(content).Should().BeNull();
        Refusal((byte[])[.. content.Span, 0]).Should().NotBeNull();
        Refusal((byte[])[0, .. content.Span]).Should().NotBeNull();
    }

    [Fact]
    public async Task Any_byte_that_is_changed_is_noticed()
    {
        var random = SeededRandom.Create();
        var content = EventBatchTests.Write(await Corpus.Create().OrdersAsync(5)).Content.ToArray();

        for (var at = 0; at < content.Length; at++)
        {
            var was = content[at];
            content[at] ^= (byte)random.Next(1, 256);
            Refusal(content).Should().NotBeNull($"byte {at} was changed");
            content[at] = was;
        }

        Refusal(content).Should().BeNull();
    }

    [Fact]
    public async Task A_batch_whose_filters_do_not_show_a_stream_that_it_has_is_refused()
    {
        var batch = EventBatchTests.Write(await Corpus.Create().OrdersAsync(1_200));
        batch.Index.Frames.Count.Should().BeGreaterThan(1);
        var was = batch.Content.Slice((int)batch.Index.FiltersOffset + BatchTail.FrameHead, batch.Index.FiltersLength);
        foreach (var at in new[] { 0, batch.Index.Frames[0].FilterLength })
        {
            // All digests fit: somebody wrote it so.
            var filters = was.ToArray();
            filters.AsSpan(at, 8).Clear();
            var index = batch.Index with { FiltersDigest = Sha256Digest.Of(filters) };
            byte[] content =
                [.. batch.Content.Span[..(int)batch.Index.FiltersOffset], .. BatchTail.Write(index, filters)];

            Refusal(content).Should().BeOfType<InvalidFormatException>();
        }

        Refusal(batch.Content).Should().BeNull();
    }

    [Fact]
    public async Task A_changed_byte_anywhere_in_the_store_is_named_and_never_served()
    {
        var random = SeededRandom.Create();
        var events = await Corpus.Create().OrdersAsync(1_200);
        var batch = EventBatchTests.Write(events);
        var objects = new SimulatedObjectStore(new ManualTime(DateTimeOffset.UnixEpoch));
        var key = batch.Key("1");
        await objects.PutIfAbsentAsync(key, batch.Content, cancellationToken: Cancellation);
        for (var run = 0; run < 300; run++)
        {
            var at = random.Next(batch.Content.Length);
            objects.Damage(key, content => Flip(content, at));
            try
            {
                var reader = await EventBatchReader.OpenAsync(objects, key, cancellationToken: Cancellation);
                await reader!.FindFramesAsync(events[0].StreamId, Cancellation);
                var read = await reader.ReadAsync(cancellationToken: Cancellation).ToListAsync(Cancellation);
                Assert.Fail($"byte {at} was changed, and {read.Count} events came");
            }
            catch (ObjectDamagedException e)
            {
                e.Key.Should().Be(key.Value);
            }
            catch (UnsupportedFormatException)
            {
                // The byte of the version, or of the compression.
            }

            objects.Damage(key, content => Flip(content, at));
        }
    }

    [Fact]
    public async Task An_index_that_claims_much_and_is_signed_right_reserves_nothing()
    {
        var content = EventBatchTests.Write(await Corpus.Create().OrdersAsync(5)).Content.ToArray();
        var index = content.AsSpan().IndexOf("K1S0BTCH"u8);

        // The length of the lines, in the index and in the seek table.
        BinaryPrimitives.WriteInt32BigEndian(content.AsSpan(index + 76), 100_000_000);
        BinaryPrimitives.WriteInt32LittleEndian(content.AsSpan(content.Length - 9 - 20), 100_000_000);
        Sha256Digest.Of(content.AsSpan(index, 152)).CopyTo(content.AsSpan(index + 152));
        Refusal(content);
        var before = GC.GetAllocatedBytesForCurrentThread();

        Refusal(content).Should().BeOfType<DecompressionException>();

        (GC.GetAllocatedBytesForCurrentThread() - before).Should().BeLessThan(256 * 1024);
    }

    [Theory]
    [InlineData(0, int.MaxValue)] // the compressed length
    [InlineData(4, int.MaxValue)] // that of the lines
    [InlineData(8, 100_000_000)] // the number of events
    [InlineData(12, 1 << 30)] // the length of the filter
    public async Task An_index_in_an_object_as_large_as_it_claims_makes_nobody_ask_for_more_than_is_accepted(
        int member, int claimed)
    {
        var content = EventBatchTests.Write(await Corpus.Create().OrdersAsync(5)).Content.ToArray();
        var index = content.AsSpan().IndexOf("K1S0BTCH"u8);
        var stored = BinaryPrimitives.ReadInt32BigEndian(content.AsSpan(index + 72 + member));
        BinaryPrimitives.WriteInt32BigEndian(content.AsSpan(index + 72 + member), claimed);
        Sha256Digest.Of(content.AsSpan(index, 152)).CopyTo(content.AsSpan(index + 152));
        var table = content.AsSpan(content.Length - 9 - 24);
        BinaryPrimitives.WriteInt32LittleEndian(
            table, BinaryPrimitives.ReadInt32BigEndian(content.AsSpan(index + 72)));
        BinaryPrimitives.WriteInt32LittleEndian(
            table[4..], BinaryPrimitives.ReadInt32BigEndian(content.AsSpan(index + 76)));
        BinaryPrimitives.WriteInt32LittleEndian(
            table[8..], 8 + BinaryPrimitives.ReadInt32BigEndian(content.AsSpan(index + 84)));
        var added = member is 0 or 12 ? claimed - (long)stored : 0;
        var objects = new ClaimingObjectStore(content, content.Length + added);

        await FluentActions.Awaiting(async () =>
        {
            var reader = await EventBatchReader.OpenAsync(objects, new ObjectKey("a"), cancellationToken: Cancellation);
            await reader!.FindFramesAsync(new StreamId("a", "b"), Cancellation);
            await reader.ReadFrameAsync(reader.Index.Frames[0], Cancellation);
        }).Should().ThrowAsync<ObjectDamagedException>();

        objects.Asked.Should().OnlyContain(length => length <= 64 * 1024);
    }

    [Fact]
    public async Task A_batch_of_a_newer_version_is_told_apart_from_damage()
    {
        var content = EventBatchTests.Write(await Corpus.Create().OrdersAsync(5)).Content.ToArray();
        content[content.AsSpan().IndexOf("K1S0BTCH"u8) + 8] = 2;

        Refusal(content).Should().BeOfType<UnsupportedFormatException>().Which.FoundVersion.Should().Be(2);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("nonsense")]
    [InlineData("""{"position":-1}""")]
    [InlineData("""{"position":1,"id":"x"}""")]
    [InlineData("""{"position":1,"id":"01980000-0000-7000-8000-000000000001","streamType":"a","streamId":"","version":1}""")]
    [InlineData("""{"position":1,"id":"01980000-0000-7000-8000-000000000001","streamType":"a","streamId":"b","version":0}""")]
    [InlineData("""{"position":1,"id":"01980000-0000-7000-8000-000000000001","streamType":"a","streamId":"b","version":1,"type":"t","schemaVersion":1,"occurredAt":"2026-07-01T13:00:00.000000Z","recordedAt":"2026-07-01T13:00:00.000000Z","payload":{}}""")]
    [InlineData("""{"position":1,"id":"01980000-0000-7000-8000-000000000001","streamType":"a","streamId":"b","version":1,"type":"t","occurredAt":"2026-07-01T13:00:00Z","recordedAt":"2026-07-01T13:00:00.000000Z","payload":{}}""")]
    [InlineData("""{"position":1,"id":"01980000-0000-7000-8000-000000000001","streamType":"a","streamId":"b","version":1,"type":"t","occurredAt":"2026-07-01T13:00:00.000000Z","recordedAt":"2026-07-01T13:00:00.000000Z","payload":{},"more":1}""")]
    [InlineData("""{"position":1,"id":"01980000-0000-7000-8000-000000000001","streamType":"a","streamId":"b","version":1,"type":"t","occurredAt":"2026-07-01T13:00:00.000000Z","recordedAt":"2026-07-01T13:00:00.000000Z","payload":{}}x""")]
    public void A_line_that_is_none_is_refused(string line) =>
        FluentActions.Invoking(() => EventLine.Read(System.Text.Encoding.UTF8.GetBytes(line), out _))
            .Should().Throw<InvalidFormatException>();

    private static byte[] Flip(byte[] content, int at)
    {
        content[at] ^= 0x10;
        return content;
    }

    // The typed error; null when the batch is whole. Anything else fails the test.
    private static EventStoreException? Refusal(ReadOnlyMemory<byte> content)
    {
        try
        {
            _ = EventBatchReader.Decode(content).Count();
            return null;
        }
        catch (Exception e) when (e is InvalidFormatException or DecompressionException or UnsupportedFormatException)
        {
            return (EventStoreException)e;
        }
    }
}
