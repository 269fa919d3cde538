using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using K1s0.EventStore.Compression;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Tests;

public sealed class SnapshotSerializerTests
{
    [Fact]
    public void Without_options_states_are_written_by_reflection_with_web_names()
    {
        var serializer = new SnapshotSerializer(null);

        var bytes = serializer.Serialize(new OrderPlaced("bob", 1.50m));

        Encoding.UTF8.GetString(bytes).Should().Be("""{"customer":"bob","total":1.50}""");
        serializer.Deserialize<OrderPlaced>(bytes).Should().Be(new OrderPlaced("bob", 1.50m));
    }

    [Fact]
    public void Options_with_generated_code_are_used()
    {
        var serializer = new SnapshotSerializer(OrderJson.Default.Options);

        var bytes = serializer.Serialize(new OrderPlaced("bob", 2m));

        Encoding.UTF8.GetString(bytes).Should().Be("""{"Customer":"bob","Total":2}""");
        serializer.Deserialize<OrderPlaced>(bytes).Should().Be(new OrderPlaced("bob", 2m));
    }

    [Fact]
    public void Options_without_a_resolver_are_completed_by_reflection_and_left_as_they_are()
    {
        var options = new JsonSerializerOptions { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseUpper };
        var serializer = new SnapshotSerializer(options);

        var bytes = serializer.Serialize(new OrderPlaced("bob", 2m));

        Encoding.UTF8.GetString(bytes).Should().Be("""{"CUSTOMER":"bob","TOTAL":2}""");
        serializer.Deserialize<OrderPlaced>(bytes).Should().Be(new OrderPlaced("bob", 2m));
        options.IsReadOnly.Should().BeFalse();
        options.TypeInfoResolver.Should().BeNull();
    }

    [Fact]
    public void A_type_that_the_generated_code_does_not_know_is_refused()
    {
        var serializer = new SnapshotSerializer(OrderJson.Default.Options);

        Assert.Throws<NotSupportedException>(() => serializer.Serialize(new Version(1, 2)));
    }

    [Fact]
    public void A_state_that_is_no_json_of_its_type_is_refused() =>
        Assert.ThrowsAny<JsonException>(() => new SnapshotSerializer(null).Deserialize<OrderPlaced>("[1]"u8));

    [Fact]
    public void A_state_in_a_frame_that_claims_more_than_may_be_is_refused_before_anything_is_reserved()
    {
        var frame = SnapshotFrame.Pack(
            "text",
            stateVersion: 1,
            new StreamVersion(1),
            chainHash: default,
            Encoding.UTF8.GetBytes($"\"{new string('a', 1_000)}\""),
            CompressionCodecs.OfSystem.Preferred);
        var bytes = frame.ToBytes();
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(48), SnapshotSerializer.MaxStateBytes + 1);
        Sha256Digest.Of(bytes.AsSpan(0, bytes.Length - Sha256Digest.Length))
            .CopyTo(bytes.AsSpan(bytes.Length - Sha256Digest.Length));
        var before = GC.GetAllocatedBytesForCurrentThread();

        var refusal = Assert.Throws<DecompressionException>(
            () => new SnapshotSerializer(null).Deserialize<string>(bytes));

        refusal.Fault.Should().Be(DecompressionFault.TooLarge);
        (GC.GetAllocatedBytesForCurrentThread() - before).Should().BeLessThan(10_000_000);
    }

    [Fact]
    public async Task The_in_memory_snapshot_store_serialises_as_its_options_say()
    {
        var snapshots = new InMemorySnapshotStore(
            new EventStoreOptions { SerializerOptions = OrderJson.Default.Options });
        var (stream, token) = (new StreamId("order", "1"), TestContext.Current.CancellationToken);

        await snapshots.SaveAsync(stream, 1, new OrderPlaced("bob", 2m), token);
        await Assert.ThrowsAsync<NotSupportedException>(() => snapshots.SaveAsync(stream, 2, new Version(1, 2), token));

        var snapshot = await snapshots.LoadLatestAsync<OrderPlaced>(stream, token);
        (snapshot!.Version, snapshot.State).Should().Be((1, new OrderPlaced("bob", 2m)));
    }
}
