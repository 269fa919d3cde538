using System.Text;
using System.Text.Json;

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
