using K1s0.EventStore.Benchmarks.Comparing;
using K1s0.EventStore.Benchmarks.Events;
using K1s0.EventStore.Benchmarks.Servers;

namespace K1s0.EventStore.Benchmarks.Feed;

/// <summary>
/// Catching up with the last 200,000 events by a subscription with a handler that does nothing. The other side is our
/// own feed reader: what lanes, low-water mark and checkpoint cost.
/// </summary>
internal sealed class SubscriptionScenario : SidesInTurn
{
    private const int Streams = 10_000;
    private const int EventsPerStream = 20;
    private const int EventCount = Streams * EventsPerStream;

    private Position _start;

    public override string Name => "subscription-catch-up";

    public override IReadOnlyList<Figure> Figures { get; } =
        [new Figure("subscription-catch-up", "events/s", Goal.RatioAtLeast(0.6, 0.8))];

    public override async Task SetUpAsync(BenchmarkDatabase database)
    {
        await base.SetUpAsync(database);
        var history = new StoredHistory(database, EventsPerStream);
        await history.FillAsync(Streams);
        _start = history.Start;
    }

    protected override async Task<IReadOnlyList<double>> MeasureOursAsync(TimeSpan duration) =>
        [await Workers.RateAsync([new SubscribedCatchUp(Database, _start, EventCount)], duration)];

    protected override async Task<IReadOnlyList<double>> MeasurePlainAsync(TimeSpan duration) =>
        [await Workers.RateAsync([new OurCatchUp(Database.Feed, _start, EventCount)], duration)];
}
