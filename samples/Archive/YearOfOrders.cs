using System.Globalization;
using System.Text;

namespace K1s0.EventStore.Samples.Archive;

/// <summary>A year of a shop, made in memory under a clock that runs through it.</summary>
internal sealed class YearOfOrders(DateTimeOffset start, int orders)
{
    private static readonly string[] Kinds = ["order-placed", "order-paid", "order-packed", "order-shipped"];
    private static readonly string[] Cities = ["Antwerp", "Bergen", "Cork", "Dresden", "Esbjerg", "Fribourg"];

    private readonly Random _random = new(1);
    private readonly Clock _clock = new(start);

    /// <summary>The store as it was: four events an order, each some hours after the one before it.</summary>
    public async Task<InMemoryEventStore> MakeAsync(CancellationToken cancellationToken)
    {
        var store = new InMemoryEventStore(timeProvider: _clock);
        var step = (start.AddMonths(12) - start) / ((orders + Kinds.Length) * (double)Kinds.Length);
        for (var round = 0; round < orders + Kinds.Length; round++)
        {
            for (var kind = 0; kind < Kinds.Length; kind++)
            {
                _clock.Now += step;
                var order = round - kind;
                if (order >= 0 && order < orders)
                {
                    var stream = new StreamId("order", $"{order:D6}");
                    var envelope = EventEnvelope.Create(
                        stream, Kinds[kind], Encoding.UTF8.GetBytes(Payload(order, kind)), timeProvider: _clock);
                    await store.AppendAsync(stream, [envelope], kind, cancellationToken);
                }
            }
        }

        return store;
    }

    private string Payload(int order, int kind) => kind switch
    {
        0 => string.Create(
            CultureInfo.InvariantCulture,
            $$$"""
            {"order":"{{{order:D6}}}","customer":{"id":{{{_random.NextInt64()}}},"city":"{{{Cities[_random.Next(Cities.Length)]}}}"},"lines":[{"article":"ART-{{{_random.Next(9_000):D5}}}","description":"Article of the catalogue","quantity":{{{_random.Next(1, 9)}}},"cents":{{{_random.Next(100, 99_999)}}}},{"article":"ART-{{{_random.Next(9_000):D5}}}","description":"Article of the catalogue","quantity":{{{_random.Next(1, 9)}}},"cents":{{{_random.Next(100, 99_999)}}}}],"currency":"EUR"}
            """),
        1 => $$"""{"order":"{{order:D6}}","method":"card","reference":"{{_random.NextInt64():x16}}","currency":"EUR"}""",
        2 => $$"""{"order":"{{order:D6}}","packer":"user-{{_random.Next(40)}}","parcels":1,"grams":{{_random.Next(200, 9_000)}}}""",
        _ => $$"""{"order":"{{order:D6}}","carrier":"post","tracking":"{{_random.NextInt64():D19}}"}""",
    };

    private sealed class Clock(DateTimeOffset start) : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = start;

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
