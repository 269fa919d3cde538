using K1s0.EventStore.Benchmarks.Comparing;

namespace K1s0.EventStore.Benchmarks.Appends;

/// <summary>Writers that append to streams of their own at the same time.</summary>
internal sealed class AppendScenario(
    string name, int eventsPerAppend, int writers, Goal goal, string sessionSettings = "") : SidesInTurn
{
    // Single events go to streams of ten, an aggregate of usual length; larger appends each make a stream.
    private const int EventsPerStream = 10;

    private int _lastSeed;

    public override string Name => name;

    public override IReadOnlyList<Figure> Figures { get; } = [new Figure(name, "events/s", goal)];

    public override string SessionSettings => sessionSettings;

    protected override async Task<IReadOnlyList<double>> MeasureOursAsync(TimeSpan duration)
    {
        var ours = Enumerable.Range(0, writers).Select(_ => new OurWriter(Database.Store, Source()));
        return [await Workers.RateAsync([.. ours], duration)];
    }

    protected override async Task<IReadOnlyList<double>> MeasurePlainAsync(TimeSpan duration)
    {
        var plain = new List<IWorker>();
        for (var i = 0; i < writers; i++)
        {
            plain.Add(await PlainWriter.ConnectAsync(Database.Plain, Source(), eventsPerAppend));
        }

        return [await Workers.RateAsync(plain, duration)];
    }

    private BatchSource Source() =>
        new(++_lastSeed, eventsPerAppend, eventsPerAppend == 1 ? EventsPerStream : eventsPerAppend);
}
