using System.Globalization;
using System.Text;
using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Archive.Tests;

/// <summary>Stored events as shops have them, from a seed.</summary>
internal sealed class Corpus(Random random)
{
    private static readonly DateTimeOffset Start = new(2026, 7, 1, 13, 0, 0, TimeSpan.Zero);

    public static StoreIdentity Store { get; } = new(new Guid("01980000-0000-7000-8000-000000000001"), 3);

    public static Corpus Create() => new(SeededRandom.Create());

    /// <summary>Events of a store that appended them to some streams, in the order of the feed.</summary>
    public async Task<IReadOnlyList<EventEnvelope>> OrdersAsync(int count, int streams = 40, int millisecondsBetween = 20)
    {
        var time = new ManualTime(Start);
        var store = new InMemoryEventStore(timeProvider: time);
        for (var number = 0; number < count; number++)
        {
            var stream = new StreamId("order", $"4{random.Next(streams):D5}");
            await store.AppendAsync(stream, [Order(stream, time)]);
            time.Advance(TimeSpan.FromMilliseconds(millisecondsBetween));
        }

        return await ReadAllAsync(store);
    }

    /// <summary>Events whose bytes are as unpleasant as a store accepts.</summary>
    public static async Task<IReadOnlyList<EventEnvelope>> StrangeAsync()
    {
        string[] payloads =
        [
            "{}", "[]", "null", "17", "-0.0e+5", "\"\"", "true", " {}", "{} ", "\t[1]\t", "{\n  \"a\": 1\n}", "{\r\n}", "\n1",
            "{ \"a\" : [ 1 , 2 ] }", "\"a\\nb\\u0000\\ud83d\\ude00\"", "\"ü 漢 😀\"", "{\"a\":1,\"a\":2}", "\"</script>&+'\"",
            "1.00000000000000000000000000000000000001", new string('[', 60) + new string(']', 60),
        ];
        var store = new InMemoryEventStore(timeProvider: new ManualTime(Start));
        var stream = new StreamId("strange \"type\" 漢", "id/with\\all 😀");
        foreach (var payload in payloads)
        {
            await store.AppendAsync(stream,
            [
                new EventEnvelope(
                    Guid.CreateVersion7(Start),
                    stream,
                    0,
                    "type \"of\" <event>",
                    Encoding.UTF8.GetBytes(payload),
                    Encoding.UTF8.GetBytes(payload.StartsWith('{') ? payload : " { } "),
                    Start.AddTicks(-10_000_000_000_000_007))
                {
                    SchemaVersion = payload.Length,
                },
            ]);
        }

        return await ReadAllAsync(store);
    }

    private static async Task<IReadOnlyList<EventEnvelope>> ReadAllAsync(InMemoryEventStore store)
    {
        var events = new List<EventEnvelope>();
        await foreach (var envelope in store.ReadFeedAsync())
        {
            events.Add(envelope);
        }

        return events;
    }

    private EventEnvelope Order(StreamId stream, ManualTime time)
    {
        var bytes = new byte[16];
        random.NextBytes(bytes);
        var now = time.GetUtcNow();
        var payload = string.Create(
            CultureInfo.InvariantCulture,
            $$$"""
            {"orderId":"{{{stream.AggregateId}}}","customer":{"id":"{{{new Guid(bytes)}}}","name":"Customer {{{random.Next(500)}}}","country":"NO","city":"Trondheim"},"lines":[{"sku":"ART-{{{random.Next(900):D5}}}","description":"Article of the catalogue","quantity":{{{random.Next(1, 9)}}},"unitPrice":{{{random.Next(100, 99_999) / 100m}}},"currency":"NOK"},{"sku":"ART-{{{random.Next(900):D5}}}","description":"Article of the catalogue","quantity":{{{random.Next(1, 9)}}},"unitPrice":{{{random.Next(100, 99_999) / 100m}}},"currency":"NOK"}],"shipping":{"method":"standard","address":{"street":"Street {{{random.Next(200)}}}","postalCode":"7{{{random.Next(100, 999)}}}","country":"NO"}},"status":"placed","placedAt":"{{{now:O}}}"}
            """);
        var metadata = new EventMetadata
        {
            Actor = $"user-{random.Next(50)}",
            CorrelationId = $"checkout-{random.Next(100_000)}",
            Tenant = "acme",
        };
        random.NextBytes(bytes.AsSpan(8));
        return new EventEnvelope(
            Guid.CreateVersion7(now), stream, 0, "order-placed", Encoding.UTF8.GetBytes(payload), metadata.ToUtf8(), now);
    }
}
