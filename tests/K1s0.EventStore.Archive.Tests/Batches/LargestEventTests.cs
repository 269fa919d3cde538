using System.ComponentModel.DataAnnotations;
using System.Reflection;
using System.Text;
using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Archive.Tests;

/// <summary>The largest event that a store accepts, whatever is in it, fits into a batch.</summary>
public sealed class LargestEventTests
{
    // Everything of a line but payload and metadata.
    private const int Rest = 8 * 1024;

    private static readonly DateTimeOffset Time = new(2026, 7, 1, 13, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Twice_the_largest_payload_and_metadata_are_less_than_a_batch_may_have() =>
        ((2L * (Most(nameof(EventStoreOptions.MaxPayloadBytes)) + Most(nameof(EventStoreOptions.MaxMetadataBytes))))
            + Rest).Should().BeLessThan(EventBatchLimits.MostContentBytes);

    [Theory]
    [InlineData("😀")]
    [InlineData("\\\"")]
    [InlineData("\\\\")]
    [InlineData("\u007f")]
    [InlineData("\u0085")]
    [InlineData("\u2028")]
    [InlineData("\ue000")]
    [InlineData("\uffff")]
    [InlineData("</script>&'+")]
    [InlineData("漢")]
    public async Task A_line_is_at_most_twice_as_long_as_what_it_holds_and_is_read_back(string unit)
    {
        var payload = Encoding.UTF8.GetBytes($"\n\"{string.Concat(Enumerable.Repeat(unit, 20_000))}\"\n");
        var metadata = Encoding.UTF8.GetBytes($" {{\"a\":\"{string.Concat(Enumerable.Repeat(unit, 2_000))}\"}}\r\n");

        var (batch, stored) = await BatchOfAsync(payload, metadata);

        batch.Index.ContentLength.Should().BeLessThan((2 * (payload.Length + metadata.Length)) + Rest);
        EventBatchReader.Decode(batch.Content).Should().Equal(stored);
    }

    [Fact]
    public async Task White_space_between_members_takes_twice_its_bytes()
    {
        foreach (var space in "\n\r\t ")
        {
            var payload = Encoding.UTF8.GetBytes($"[{new string(space, 50_000)}]\n");

            var (batch, stored) = await BatchOfAsync(payload, "{}"u8.ToArray());

            batch.Index.ContentLength.Should().BeLessThan((2 * payload.Length) + Rest);
            EventBatchReader.Decode(batch.Content).Should().Equal(stored);
        }
    }

    [Fact]
    public async Task The_largest_payload_of_the_most_unpleasant_bytes_is_written_and_read_back()
    {
        var payload = GC.AllocateUninitializedArray<byte>(Most(nameof(EventStoreOptions.MaxPayloadBytes)));
        payload.AsSpan().Fill((byte)'\\');
        (payload[0], payload[^2], payload[^1]) = ((byte)'"', (byte)'"', (byte)'\n');
        payload[^3] = (byte)'1';

        var (batch, stored) = await BatchOfAsync(payload, "{}"u8.ToArray());

        batch.Index.ContentLength.Should().BeInRange(2 * (payload.Length - 8), EventBatchLimits.MostContentBytes);
        var read = EventBatchReader.Decode(batch.Content, BatchProof.Reading).Should().ContainSingle().Which;
        read.PayloadUtf8.Span.SequenceEqual(payload).Should().BeTrue();
        read.Should().Be(stored.Single());
    }

    private static async Task<(EventBatch Batch, IReadOnlyList<EventEnvelope> Stored)> BatchOfAsync(
        byte[] payload, byte[] metadata)
    {
        var options = new EventStoreOptions
        {
            MaxPayloadBytes = Most(nameof(EventStoreOptions.MaxPayloadBytes)),
            MaxMetadataBytes = Most(nameof(EventStoreOptions.MaxMetadataBytes)),
            MaxBytesPerAppend = Most(nameof(EventStoreOptions.MaxBytesPerAppend)),
        };
        var store = new InMemoryEventStore(options, new ManualTime(Time));
        var stream = new StreamId("order", "1");
        await store.AppendAsync(
            stream, [new EventEnvelope(Guid.CreateVersion7(Time), stream, 0, "placed", payload, metadata, Time)]);
        var stored = (await store.ReadFeedPageAsync(Position.Start)).Events;
        var writer = new EventBatchWriter(await store.GetIdentityAsync());
        writer.TryAdd(stored[0]).Should().BeTrue();
        return (writer.Finish(), stored);
    }

    private static int Most(string option) =>
        (int)typeof(EventStoreOptions).GetProperty(option)!.GetCustomAttribute<RangeAttribute>()!.Maximum;
}
