using K1s0.EventStore.Benchmarks.Comparing;
using K1s0.EventStore.Benchmarks.Events;
using K1s0.EventStore.Benchmarks.Servers;

namespace K1s0.EventStore.Benchmarks.Feed;

/// <summary>
/// Catching up with 20,000 events whose handler inserts a row in the transaction that moves the checkpoint, a hundred
/// events a transaction.
/// </summary>
internal sealed class ExactlyOnceScenario : SidesInTurn
{
    private const int Streams = 1_000;
    private const int EventsPerStream = 20;
    private const int EventCount = Streams * EventsPerStream;

    private Position _start;

    public override string Name => "subscription-exactly-once";

    public override IReadOnlyList<Figure> Figures { get; } =
        [new Figure("subscription-exactly-once", "events/s", Goal.RatioAtLeast(0.75, 0.9))];

    public override async Task SetUpAsync(BenchmarkDatabase database)
    {
        await base.SetUpAsync(database);
        await database.ExecuteAsync("create_effects");
        var history = new StoredHistory(database, EventsPerStream);
        await history.FillAsync(Streams);
        await history.CopyToPlainAsync();
        _start = history.Start;
    }

    protected override async Task<IReadOnlyList<double>> MeasureOursAsync(TimeSpan duration) =>
        [await Workers.RateAsync([new OurExactlyOnce(Database, _start, EventCount)], duration)];

    protected override async Task<IReadOnlyList<double>> MeasurePlainAsync(TimeSpan duration) =>
        [await Workers.RateAsync([new PlainExactlyOnce(Database.Plain, EventCount)], duration)];
}
