using System.Text;
using System.Text.Json;

namespace K1s0.EventStore.Tests;

/// <summary>The bytes are the truth; the parsed elements follow from them.</summary>
public sealed class EventEnvelopeJsonTests
{
    private static readonly StreamId Order = new("order", "1");
    private static readonly DateTimeOffset Time = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    [Fact]
    public void Nothing_is_parsed_before_it_is_touched()
    {
        var envelope = Of("not json", "neither");

        var copy = envelope with { Version = 3 };

        copy.PayloadUtf8.ToArray().Should().Equal("not json"u8.ToArray());
        Assert.ThrowsAny<JsonException>(() => copy.Payload);
        Assert.ThrowsAny<JsonException>(() => copy.Metadata);
    }

    [Fact]
    public void What_was_parsed_once_is_kept()
    {
        byte[] payload = [.. "[1]"u8];
        var envelope = new EventEnvelope(
            Guid.CreateVersion7(), Order, 0, "T", payload, default(ReadOnlyMemory<byte>), Time);
        var first = envelope.Payload;

        payload[1] = (byte)'x';

        first[0].GetInt32().Should().Be(1);
        envelope.Payload[0].GetInt32().Should().Be(1, "a second look parses nothing, broken as the bytes are by now");
    }

    [Fact]
    public void Elements_keep_their_text_byte_for_byte_and_outlive_their_document()
    {
        EventEnvelope envelope;
        using (var document = JsonDocument.Parse("""{"p": {"b" : 1.0,"a":1e2, "a":"\u00e9"} ,"m":[ 1,  2 ]}"""))
        {
            var (payload, metadata) = (document.RootElement.GetProperty("p"), document.RootElement.GetProperty("m"));
            envelope = new EventEnvelope(Guid.CreateVersion7(), Order, 0, "T", payload, metadata, Time);
        }

        Encoding.UTF8.GetString(envelope.PayloadUtf8.Span).Should().Be("""{"b" : 1.0,"a":1e2, "a":"\u00e9"}""");
        Encoding.UTF8.GetString(envelope.MetadataUtf8.Span).Should().Be("[ 1,  2 ]");
        envelope.Payload.GetProperty("b").GetRawText().Should().Be("1.0");
        envelope.Metadata.GetArrayLength().Should().Be(2);
    }

    [Fact]
    public void An_element_of_a_disposed_document_is_refused_at_once()
    {
        var document = JsonDocument.Parse("{}");
        var element = document.RootElement;
        document.Dispose();

        Assert.Throws<ObjectDisposedException>(
            () => new EventEnvelope(Guid.CreateVersion7(), Order, 0, "T", element, default(JsonElement), Time));
    }

    [Fact]
    public void An_undefined_payload_is_refused_and_undefined_metadata_is_an_empty_object()
    {
        var one = JsonElement.Parse("1");

        Assert.Throws<ArgumentException>(
            () => new EventEnvelope(Guid.CreateVersion7(), Order, 0, "T", default(JsonElement), one, Time));
        Assert.Throws<ArgumentException>(() => Of("1", "{}") with { Payload = default });
        new EventEnvelope(Guid.CreateVersion7(), Order, 0, "T", one, default(JsonElement), Time)
            .MetadataUtf8.ToArray().Should().Equal("{}"u8.ToArray());
        (Of("1", "[]") with { Metadata = default }).MetadataUtf8.ToArray().Should().Equal("{}"u8.ToArray());
        (Of("1", "[]") with { MetadataUtf8 = default }).Metadata.ValueKind.Should().Be(JsonValueKind.Object);
    }

    [Fact]
    public void Changing_bytes_by_with_changes_the_parsed_element_and_the_other_way_round()
    {
        var envelope = Of("[1]", "[2]");
        _ = (envelope.Payload, envelope.Metadata);

        var bytes = envelope with { PayloadUtf8 = "[3]"u8.ToArray(), MetadataUtf8 = "[4]"u8.ToArray() };
        var elements = envelope with { Payload = JsonElement.Parse("[5]"), Metadata = JsonElement.Parse("[6]") };

        (bytes.Payload[0].GetInt32(), bytes.Metadata[0].GetInt32()).Should().Be((3, 4));
        (elements.Payload[0].GetInt32(), elements.Metadata[0].GetInt32()).Should().Be((5, 6));
        elements.PayloadUtf8.ToArray().Should().Equal("[5]"u8.ToArray());
        elements.MetadataUtf8.ToArray().Should().Equal("[6]"u8.ToArray());
        (envelope.Payload[0].GetInt32(), envelope.Metadata[0].GetInt32()).Should().Be((1, 2));
    }

    [Fact]
    public void It_is_taken_apart_in_the_order_of_the_constructor()
    {
        var envelope = Of("[1]", """{"actor":"alice"}""") with { Version = 4 };

        var (id, streamId, version, eventType, payload, metadata, occurredAt) = envelope;

        (id, streamId, version, eventType, occurredAt).Should().Be((envelope.Id, Order, 4, "T", Time));
        (payload[0].GetInt32(), metadata.GetProperty("actor").GetString()).Should().Be((1, "alice"));
    }

    [Fact]
    public void Threads_that_touch_it_at_once_see_the_same_json()
    {
        for (var round = 0; round < 50; round++)
        {
            var envelope = Of("""{"a":[1,2,3]}""", """{"actor":"alice"}""");

            Parallel.For(0, 8, _ =>
            {
                envelope.Payload.GetProperty("a").GetArrayLength().Should().Be(3);
                envelope.Metadata.GetProperty("actor").GetString().Should().Be("alice");
            });
        }
    }

    [Fact]
    public void Json_as_deep_as_any_store_accepts_can_be_parsed_and_deeper_cannot()
    {
        const int deepest = EventStoreOptions.MaxSupportedJsonDepth;

        Of(Nested(deepest), "{}").Payload.GetArrayLength().Should().Be(1);
        Assert.ThrowsAny<JsonException>(() => Of(Nested(deepest + 1), "{}").Payload);
    }

    private static string Nested(int depth) => new string('[', depth) + new string(']', depth);

    private static EventEnvelope Of(string payload, string metadata) => new(
        Guid.CreateVersion7(), Order, 0, "T", Encoding.UTF8.GetBytes(payload), Encoding.UTF8.GetBytes(metadata), Time);
}
