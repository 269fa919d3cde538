using System.Globalization;
using System.Text;
using System.Text.Json;
using K1s0.EventStore.Compression;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Archive.Tests;

/// <summary>Known answers, computed by a program that knows the published layout only.</summary>
public sealed class EventBatchVectorTests
{
    private static readonly JsonElement Vectors = JsonElement.Parse(
        File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "vectors", "event-batch.v1.json")));

    public static TheoryData<string> Names =>
        [.. Vectors.GetProperty("batches").EnumerateArray().Select(batch => batch.GetProperty("name").GetString()!)];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_published_batch_is_read(string name)
    {
        var vector = Batch(name);
        var content = Convert.FromHexString(vector.GetProperty("batchHex").GetString()!);

        var events = EventBatchReader.Decode(content).ToList();

        events.Should().Equal(Events());
        events.Select(Added).Should().Equal(Events().Select(Added));
        var index = BatchTail.Read(content, content.Length);
        index.Store.Should().Be(new StoreIdentity(
            Vectors.GetProperty("storeId").GetGuid(), Vectors.GetProperty("epoch").GetInt64()));
        index.Frames.Select(frame => frame.EventCount).Should().Equal(
            vector.GetProperty("frames").EnumerateArray().Select(count => count.GetInt32()));
    }

    [Fact]
    public void What_is_written_today_has_the_published_lines_and_filters()
    {
        var vector = Batch("one frame");
        var published = Convert.FromHexString(vector.GetProperty("batchHex").GetString()!);
        var expected = BatchTail.Read(published, published.Length);
        var batch = EventBatchTests.Write(Events());

        var frame = batch.Index.Frames.Single();
        var lines = CompressionCodecs.Zstd().Decompress(
            batch.Content.Span[..frame.Length], frame.ContentLength);
        Encoding.UTF8.GetString(lines).Should().Be(string.Concat(
            vector.GetProperty("lines").EnumerateArray().Select(line => line.GetString())));
        Convert.ToHexStringLower(batch.Content.Span.Slice((int)batch.Index.FiltersOffset + 8, batch.Index.FiltersLength))
            .Should().Be(vector.GetProperty("filtersHex").GetString());
        var written = batch.Index with { Frames = [frame with { Length = 1, Digest = default }] };
        var same = expected with { Frames = [expected.Frames[0] with { Length = 1, Digest = default }] };
        written.Should().BeEquivalentTo(same);
    }

    [Fact]
    public void The_tail_is_written_as_it_was_published()
    {
        foreach (var name in Names.Select(row => row.Data))
        {
            var vector = Batch(name);
            var published = Convert.FromHexString(vector.GetProperty("batchHex").GetString()!);
            var index = BatchTail.Read(published, published.Length);

            BatchTail.Write(index, Convert.FromHexString(vector.GetProperty("filtersHex").GetString()!))
                .Should().Equal(published[(int)index.FiltersOffset..]);
        }
    }

    private static (Position, DateTimeOffset, Guid, Sha256Digest, Sha256Digest) Added(EventEnvelope envelope) => (
        envelope.Position, envelope.RecordedAt, envelope.PreviousEventId, envelope.ContentDigest, envelope.ChainHash);

    private static JsonElement Batch(string name) => Vectors.GetProperty("batches").EnumerateArray().Single(
        batch => string.Equals(batch.GetProperty("name").GetString(), name, StringComparison.Ordinal));

    private static List<EventEnvelope> Events() =>
    [
        .. Vectors.GetProperty("events").EnumerateArray().Select(item => new EventEnvelope(
            item.GetProperty("eventId").GetGuid(),
            new StreamId(item.GetProperty("aggregateType").GetString()!, item.GetProperty("aggregateId").GetString()!),
            item.GetProperty("version").GetInt64(),
            item.GetProperty("eventType").GetString()!,
            Convert.FromHexString(item.GetProperty("payloadHex").GetString()!),
            Convert.FromHexString(item.GetProperty("metadataHex").GetString()!),
            Time(item, "occurredAt"))
        {
            SchemaVersion = item.GetProperty("schemaVersion").GetInt32(),
            Position = new Position(item.GetProperty("position").GetInt64()),
            RecordedAt = Time(item, "recordedAt"),
            PreviousEventId = item.GetProperty("previousId").GetGuid(),
            ContentDigest = Sha256Digest.Parse(item.GetProperty("contentDigest").GetString()!),
            ChainHash = Sha256Digest.Parse(item.GetProperty("chainHash").GetString()!),
        }),
    ];

    private static DateTimeOffset Time(JsonElement item, string name) =>
        DateTimeOffset.Parse(item.GetProperty(name).GetString()!, CultureInfo.InvariantCulture);
}
