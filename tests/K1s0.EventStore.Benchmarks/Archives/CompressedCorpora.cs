using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using K1s0.EventStore.Archive;

namespace K1s0.EventStore.Benchmarks.Archives;

/// <summary>How much smaller batches of several kinds of events are than their payloads, metadata and names.</summary>
internal static class CompressedCorpora
{
    private const int Count = 20_000;
    private const int CiphertextLength = 300;

    private static readonly string[] Countries = ["BE", "DE", "DK", "ES", "FI", "FR", "IT", "NO", "PL", "SE"];

    /// <summary>One line a corpus.</summary>
    public static async Task<IReadOnlyList<string>> DescribeAsync(IEnumerable<EventEnvelope> samples) =>
    [
        Measure("events of the other scenarios", [.. samples.Take(Count)]).ToString(),
        .. (await MeasureAsync(seed: 1)).Select(corpus => corpus.ToString()),
    ];

    /// <summary>The corpora of this type, the realistic one first.</summary>
    public static async Task<IReadOnlyList<CompressedCorpus>> MeasureAsync(int seed)
    {
        var random = new Random(seed);
        return
        [
            Measure("orders with addresses", await StoreAsync("order-placed", _ => Order(random))),
            Measure("orders with addresses, streams of one event", await StoreAsync(
                "order-placed", _ => Order(random), streams: Count)),
            Measure("sensor readings", await StoreAsync("measured", number => Reading(random, number))),
            Measure("ciphertext, which nobody can compress", await StoreAsync("sealed", _ => Sealed())),
        ];
    }

    private static CompressedCorpus Measure(string name, IReadOnlyList<EventEnvelope> events)
    {
        var writer = new EventBatchWriter(new StoreIdentity(Guid.NewGuid(), 1), EventBatchLimits.Compaction);
        foreach (var envelope in events)
        {
            if (!writer.TryAdd(envelope))
            {
                throw new InvalidOperationException("The corpus is larger than a batch.");
            }
        }

        var batch = writer.Finish();
        return new CompressedCorpus(name, events.Count, batch.Index.ContentLength, batch.Content.Length);
    }

    private static async Task<IReadOnlyList<EventEnvelope>> StoreAsync(
        string type, Func<int, string> payload, int streams = Count / 20)
    {
        var store = new InMemoryEventStore();
        for (var number = 0; number < Count; number++)
        {
            var stream = new StreamId("corpus", $"4{number % streams:D6}");
            var envelope = EventEnvelope.Create(
                stream,
                type,
                Encoding.UTF8.GetBytes(payload(number)),
                new EventMetadata { Actor = $"user-{number % 97}", Tenant = "acme" });
            await store.AppendAsync(stream, [envelope]);
        }

        var events = new List<EventEnvelope>();
        await foreach (var envelope in store.ReadFeedAsync(pageSize: FeedPage.MaxEvents))
        {
            events.Add(envelope);
        }

        return events;
    }

    /// <summary>The payload of an order, as shops have them.</summary>
    public static string Order(Random random) => string.Create(
        CultureInfo.InvariantCulture,
        $$$"""
        {"customer":{"id":"{{{Guid.NewGuid()}}}","name":"Customer {{{random.Next(5_000)}}}","country":"{{{Countries[random.Next(Countries.Length)]}}}"},"lines":[{"sku":"ART-{{{random.Next(9_000):D5}}}","description":"Article of the catalogue","quantity":{{{random.Next(1, 9)}}},"unitPrice":{{{random.Next(100, 99_999) / 100m}}},"currency":"EUR"},{"sku":"ART-{{{random.Next(9_000):D5}}}","description":"Article of the catalogue","quantity":{{{random.Next(1, 9)}}},"unitPrice":{{{random.Next(100, 99_999) / 100m}}},"currency":"EUR"}],"shipping":{"method":"standard","address":{"street":"Street {{{random.Next(900)}}}","postalCode":"{{{random.Next(10_000, 99_999)}}}","city":"City {{{random.Next(300)}}}"}},"status":"placed"}
        """);

    private static string Reading(Random random, int number) => string.Create(
        CultureInfo.InvariantCulture,
        $$"""{"sensor":"s-{{number % 50}}","celsius":{{20 + (random.Next(-200, 200) / 100m)}},"humidity":{{random.Next(30, 70)}},"ok":true}""");

    private static string Sealed() =>
        $$"""{"key":"2026-07","sealed":"{{Convert.ToBase64String(RandomNumberGenerator.GetBytes(CiphertextLength))}}"}""";
}
