using System.Buffers;
using System.Globalization;
using System.Text.Json;

namespace K1s0.EventStore.Benchmarks.Events;

/// <summary>
/// Makes events of an order: about 300 bytes of JSON, each different, with an actor and a correlation. Both sides
/// make theirs here, so it costs them the same. Not thread-safe: one for each writer.
/// </summary>
internal sealed class SampleEvents(int seed)
{
    private const int Lines = 3;

    private static readonly string[] Types = ["OrderPlaced", "OrderPaid", "OrderPacked", "OrderShipped"];
    private static readonly string[] Cities = ["Antwerp", "Bergen", "Cork", "Dresden", "Esbjerg", "Fribourg"];

    private readonly Random _random = new(seed);
    private readonly ArrayBufferWriter<byte> _buffer = new(1024);

    public SampleEvent Next(StreamId stream)
    {
        var now = TimeProvider.System.GetUtcNow();
        var actor = string.Create(CultureInfo.InvariantCulture, $"user-{_random.Next(10_000)}");
        var correlation = string.Create(CultureInfo.InvariantCulture, $"{_random.NextInt64():x16}");
        var envelope = new EventEnvelope(
            Guid.CreateVersion7(now), stream, 0, Types[_random.Next(Types.Length)], Payload(stream),
            Metadata(actor, correlation), now);
        return new SampleEvent(envelope, actor, correlation);
    }

    public SampleEvent[] Next(StreamId stream, int count)
    {
        var events = new SampleEvent[count];
        for (var i = 0; i < count; i++)
        {
            events[i] = Next(stream);
        }

        return events;
    }

    private byte[] Payload(StreamId stream)
    {
        using var writer = new Utf8JsonWriter(_buffer);
        writer.WriteStartObject();
        writer.WriteString("order"u8, stream.AggregateId);
        writer.WriteStartObject("customer"u8);
        writer.WriteNumber("id"u8, _random.NextInt64());
        writer.WriteString("city"u8, Cities[_random.Next(Cities.Length)]);
        writer.WriteBoolean("newsletter"u8, _random.Next(2) == 0);
        writer.WriteEndObject();
        writer.WriteStartArray("lines"u8);
        for (var line = 0; line < Lines; line++)
        {
            writer.WriteStartObject();
            writer.WriteNumber("article"u8, _random.Next(1_000_000));
            writer.WriteNumber("quantity"u8, _random.Next(1, 9));
            writer.WriteNumber("cents"u8, _random.Next(100, 99_999));
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteString("currency"u8, "EUR"u8);
        writer.WriteString("note"u8, "Leave it at the door, please."u8);
        writer.WriteEndObject();
        return Written(writer);
    }

    private byte[] Metadata(string actor, string correlationId)
    {
        using var writer = new Utf8JsonWriter(_buffer);
        writer.WriteStartObject();
        writer.WriteString("actor"u8, actor);
        writer.WriteString("correlationId"u8, correlationId);
        writer.WriteEndObject();
        return Written(writer);
    }

    private byte[] Written(Utf8JsonWriter writer)
    {
        writer.Flush();
        var bytes = _buffer.WrittenSpan.ToArray();
        _buffer.ResetWrittenCount();
        return bytes;
    }
}
