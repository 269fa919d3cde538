using K1s0.EventStore.Benchmarks.Comparing;
using K1s0.EventStore.Benchmarks.Events;
using K1s0.EventStore.Benchmarks.Servers;
using K1s0.EventStore.Postgres;

namespace K1s0.EventStore.Benchmarks.Rebuilds;

/// <summary>
/// A table of 10,000 rows made anew from 200,000 events. Ours can be killed and go on, and swaps while the projection
/// runs; the other side is a loop over one query and a copy.
/// </summary>
internal sealed class RebuildScenario : SidesInTurn
{
    private const int Streams = 10_000;
    private const int EventsPerStream = 20;
    private const int EventCount = Streams * EventsPerStream;

    public override string Name => "rebuild";

    public override IReadOnlyList<Figure> Figures { get; } =
        [new Figure("rebuild", "events/s", Goal.OursAtLeast(50_000, 100_000, "events/s"))];

    public override async Task SetUpAsync(BenchmarkDatabase database)
    {
        await base.SetUpAsync(database);
        var history = new StoredHistory(database, EventsPerStream);
        await history.FillAsync(Streams);
        await history.CopyToPlainAsync();
    }

    // Both sides read all that there is.
    protected override async Task<IReadOnlyList<double>> MeasureOursAsync(TimeSpan duration) =>
        [await Workers.RateAsync(
            [new OurRebuild(new ProjectionRebuilder(Database.Ours, "amounts", new AmountTable()), EventCount)],
            duration)];

    protected override async Task<IReadOnlyList<double>> MeasurePlainAsync(TimeSpan duration) =>
        [await Workers.RateAsync([new PlainRebuild(Database.Plain, 0, EventCount)], duration)];
}
