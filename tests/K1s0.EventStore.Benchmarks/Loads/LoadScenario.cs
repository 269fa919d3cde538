using K1s0.EventStore.Benchmarks.Comparing;
using K1s0.EventStore.Benchmarks.Events;
using K1s0.EventStore.Benchmarks.Servers;

namespace K1s0.EventStore.Benchmarks.Loads;

/// <summary>Loads whole streams of one length: one reader, and then several at once.</summary>
internal sealed class LoadScenario(string name, int length, int streams) : SidesInTurn
{
    private const int ManyReaders = 8;

    private static readonly Goal Goal = Goal.RatioAtLeast(0.8, 0.95);

    private IReadOnlyList<StreamId> _streams = [];
    private int _lastSeed;

    public override string Name => name;

    public override IReadOnlyList<Figure> Figures { get; } =
        [new Figure(name, "events/s", Goal), new Figure($"{name}x{ManyReaders}", "events/s", Goal)];

    public override async Task SetUpAsync(BenchmarkDatabase database)
    {
        await base.SetUpAsync(database);
        var history = new StoredHistory(database, length);
        await history.FillAsync(streams);
        await history.CopyToPlainAsync();
        _streams = history.Sample;
    }

    protected override async Task<IReadOnlyList<double>> MeasureOursAsync(TimeSpan duration) =>
        [await OursAsync(1, duration), await OursAsync(ManyReaders, duration)];

    protected override async Task<IReadOnlyList<double>> MeasurePlainAsync(TimeSpan duration) =>
        [await PlainAsync(1, duration), await PlainAsync(ManyReaders, duration)];

    private Task<double> OursAsync(int readers, TimeSpan duration) =>
        Workers.RateAsync(
            [
                .. Enumerable.Range(0, readers)
                    .Select(_ => new OurReader(Database.Store, _streams, length, ++_lastSeed)),
            ],
            duration);

    private async Task<double> PlainAsync(int readers, TimeSpan duration)
    {
        var workers = new List<IWorker>();
        for (var i = 0; i < readers; i++)
        {
            workers.Add(await PlainReader.ConnectAsync(Database.Plain, _streams, length, ++_lastSeed));
        }

        return await Workers.RateAsync(workers, duration);
    }
}
