using K1s0.EventStore.Benchmarks.Comparing;
using K1s0.EventStore.Benchmarks.Events;
using K1s0.EventStore.Benchmarks.Servers;
using Npgsql;

namespace K1s0.EventStore.Benchmarks.Feed;

/// <summary>Catching up with the last 200,000 events.</summary>
internal sealed class FeedScenario : SidesInTurn
{
    private const int Streams = 10_000;
    private const int EventsPerStream = 20;
    private const int EventCount = Streams * EventsPerStream;

    private Position _start;
    private long _plainStart;

    public override string Name => "feed";

    public override IReadOnlyList<Figure> Figures { get; } =
        [new Figure("feed", "events/s", Goal.RatioAtLeast(0.75, 0.9))];

    public override async Task SetUpAsync(BenchmarkDatabase database)
    {
        await base.SetUpAsync(database);
        _plainStart = await LastPlainPositionAsync(database.Plain);
        var history = new StoredHistory(database, EventsPerStream);
        await history.FillAsync(Streams);
        await history.CopyToPlainAsync();
        _start = history.Start;
    }

    protected override async Task<IReadOnlyList<double>> MeasureOursAsync(TimeSpan duration) =>
        [await Workers.RateAsync([new OurCatchUp(Database.Feed, _start, EventCount)], duration)];

    protected override async Task<IReadOnlyList<double>> MeasurePlainAsync(TimeSpan duration) =>
        [await Workers.RateAsync([new PlainCatchUp(Database.Plain, _plainStart, EventCount)], duration)];

    private static async Task<long> LastPlainPositionAsync(NpgsqlDataSource database)
    {
        await using var command = database.CreateCommand(PlainSql.Get("get_last_plain_position"));
        return (long)(await command.ExecuteScalarAsync())!;
    }
}
