using System.Text.Json;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Tests;

/// <summary>Published formats give published answers, which another program computed.</summary>
public sealed class ChainVectorTests
{
    private static readonly ChainVectors Vectors = JsonSerializer.Deserialize<ChainVectors>(
        File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "vectors", "stream-chain.v1.json")),
        JsonSerializerOptions.Web)!;

    public static TheoryData<string> Names => [.. Vectors.Streams.Select(vector => vector.Name)];

    [Fact]
    public void The_file_is_the_one_of_version_1()
    {
        Vectors.Format.Should().Be("k1s0 stream chain vectors, version 1");
        Vectors.Streams.Should().HaveCount(7);
        Vectors.Streams.Sum(vector => vector.Events.Count).Should().Be(14);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Tag_and_root_of_the_stream(string name)
    {
        var vector = Vector(name);

        var tag = StreamChain.Tag(Stream(vector));

        tag.ToString().Should().Be(vector.Tag);
        StreamChain.Genesis(tag).ToString().Should().Be(vector.Root);
        StreamHead.Empty(Stream(vector)).ChainHash.ToString().Should().Be(vector.Root);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Content_digests_and_links(string name)
    {
        var vector = Vector(name);
        var tag = StreamChain.Tag(Stream(vector));
        var hash = StreamChain.Genesis(tag);
        foreach (var (index, expected) in vector.Events.Index())
        {
            var content = ContentDigest.Compute(Envelope(vector, expected));
            hash = StreamChain.Next(tag, index + 1, hash, content);

            content.ToString().Should().Be(expected.ContentDigest);
            hash.ToString().Should().Be(expected.ChainHash);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_store_gives_the_same_answers(string name)
    {
        var (vector, store) = (Vector(name), new InMemoryEventStore(new EventStoreOptions { MaxJsonDepth = 1_000 }));
        var events = vector.Events.Select(expected => Envelope(vector, expected));
        await store.AppendAsync(Stream(vector), events, 0, TestContext.Current.CancellationToken);

        var stored = await store.LoadAsync(Stream(vector), cancellationToken: TestContext.Current.CancellationToken);

        stored.Select(envelope => envelope.ContentDigest.ToString())
            .Should().Equal(vector.Events.Select(expected => expected.ContentDigest));
        stored.Select(envelope => envelope.ChainHash.ToString())
            .Should().Equal(vector.Events.Select(expected => expected.ChainHash));
    }

    private static StreamVector Vector(string name) =>
        Vectors.Streams.Single(vector => string.Equals(vector.Name, name, StringComparison.Ordinal));

    private static StreamId Stream(StreamVector vector) => new(vector.AggregateType, vector.AggregateId);

    private static EventEnvelope Envelope(StreamVector vector, EventVector expected) =>
        new(
            expected.EventId,
            Stream(vector),
            0,
            expected.EventType,
            Convert.FromHexString(expected.PayloadHex),
            Convert.FromHexString(expected.MetadataHex),
            expected.OccurredAt)
        {
            SchemaVersion = expected.SchemaVersion,
        };
}
