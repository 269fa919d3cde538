using System.Globalization;
using K1s0.EventStore.Benchmarks.Comparing;
using K1s0.EventStore.Benchmarks.Events;
using K1s0.EventStore.Benchmarks.Servers;

namespace K1s0.EventStore.Benchmarks.Appends;

/// <summary>Writers that append to the same stream, each with the version it believes in, until it succeeds.</summary>
internal sealed class HotStreamScenario : SidesInTurn
{
    private const int Writers = 16;
    private const long StreamKey = 900_000_000;

    private readonly StreamId _stream = new("order", $"hot-{StreamKey}");
    private readonly Dictionary<string, double> _attempts = new(StringComparer.Ordinal);
    private int _lastSeed;

    public override string Name => "append-hot-stream";

    public override IReadOnlyList<Figure> Figures { get; } =
        [new Figure("append-hot-stream", "appends/s", Goal.RatioAtLeast(3, 10))];

    public override IReadOnlyList<string> Notes =>
    [
        .. _attempts.Select(side => string.Create(
            CultureInfo.InvariantCulture, $"{side.Key}, {side.Value:0.0} attempts for one success")),
    ];

    public override async Task SetUpAsync(BenchmarkDatabase database)
    {
        await base.SetUpAsync(database);
        await database.ExecuteAsync("insert_plain_stream", StreamKey);
    }

    protected override async Task<IReadOnlyList<double>> MeasureOursAsync(TimeSpan duration)
    {
        var writers = Enumerable.Range(0, Writers)
            .Select(_ => new OurHotWriter(Database.Store, _stream, new SampleEvents(++_lastSeed)))
            .ToList();
        var rate = await Workers.RateAsync(writers, duration);
        _attempts["ours"] = writers.Sum(writer => writer.Attempts) / (rate * duration.TotalSeconds);
        return [rate];
    }

    protected override async Task<IReadOnlyList<double>> MeasurePlainAsync(TimeSpan duration)
    {
        var stream = new AppendBatch(_stream, StreamKey, 0, null, []);
        var writers = new List<PlainHotWriter>();
        for (var i = 0; i < Writers; i++)
        {
            writers.Add(await PlainHotWriter.ConnectAsync(Database.Plain, stream, new SampleEvents(++_lastSeed)));
        }

        var rate = await Workers.RateAsync(writers, duration);
        _attempts["plain"] = writers.Sum(writer => writer.Attempts) / (rate * duration.TotalSeconds);
        return [rate];
    }
}
