using System.Globalization;
using System.Text.Unicode;

namespace K1s0.EventStore.Benchmarks.Events;

/// <summary>
/// Makes events of an order: about 300 bytes of JSON, each different, with an actor and a correlation. Both sides
/// make theirs here, so it costs them the same. Not thread-safe: one for each writer.
/// </summary>
internal sealed class SampleEvents(int seed)
{
    private static readonly string[] Types = ["OrderPlaced", "OrderPaid", "OrderPacked", "OrderShipped"];
    private static readonly string[] Cities = ["Antwerp", "Bergen", "Cork", "Dresden", "Esbjerg", "Fribourg"];

    private readonly Random _random = new(seed);
    private readonly byte[] _buffer = new byte[1024];

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
        var (sku, second) = (_random.Next(1_000_000), _random.Next(1_000_000));
        Utf8.TryWrite(
            _buffer,
            CultureInfo.InvariantCulture,
            $$"""
            {"order":"{{stream.AggregateId}}","customer":{"id":"{{_random.NextInt64():x16}}","city":"{{Cities[_random.Next(Cities.Length)]}}","newsletter":false},"lines":[{"sku":"A-{{sku:d6}}","quantity":{{_random.Next(1, 9)}},"price":{{_random.Next(100, 99_999)}}},{"sku":"B-{{second:d6}}","quantity":{{_random.Next(1, 9)}},"price":{{_random.Next(100, 99_999)}}}],"currency":"EUR","note":"leave at the door {{_random.Next(1_000)}}"}
            """,
            out var length);
        return _buffer.AsSpan(0, length).ToArray();
    }

    private byte[] Metadata(string actor, string correlation) =>
        Utf8.TryWrite(_buffer, $$"""{"actor":"{{actor}}","correlationId":"{{correlation}}"}""", out var length)
            ? _buffer.AsSpan(0, length).ToArray()
            : throw new InvalidOperationException("The buffer for a sample event is too small.");
}
