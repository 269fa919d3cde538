using System.Text.Json;
using K1s0.EventStore.Benchmarks.Comparing;
using K1s0.EventStore.Benchmarks.Events;
using K1s0.EventStore.Benchmarks.Servers;
using Npgsql;

namespace K1s0.EventStore.Benchmarks.Aggregates;

/// <summary>Loads aggregates of 1,000 events with a snapshot at 990: one reader, and then several at once.</summary>
internal sealed class AggregateLoadScenario : SidesInTurn
{
    private const string ScenarioName = "aggregate-load-with-snapshot";
    private const int Streams = 40;
    private const int Events = 1_000;
    private const int SnapshotAt = 990;
    private const int ManyReaders = 8;

    private static readonly Goal Goal = Goal.RatioAtLeast(0.7, 0.85);

    private IReadOnlyList<StreamId> _streams = [];
    private AggregateStore<OrderTotals, OrderHappened>? _states;
    private int _lastSeed;

    public override string Name => ScenarioName;

    public override IReadOnlyList<Figure> Figures { get; } =
        [new Figure(ScenarioName, "loads/s", Goal), new Figure($"{ScenarioName}x{ManyReaders}", "loads/s", Goal)];

    public override async Task SetUpAsync(BenchmarkDatabase database)
    {
        await base.SetUpAsync(database);
        _states = States(database);
        var history = new StoredHistory(database, SnapshotAt);
        await history.FillAsync(Streams);
        _streams = history.Sample;
        await history.CopyToPlainAsync();
        foreach (var stream in _streams)
        {
            var taken = await _states.TakeSnapshotAsync(stream);
            var state = (await _states.LoadAsync(stream)).State;
            await SavePlainAsync(database, stream, taken!.Version.Value, state);
        }

        var rest = new StoredHistory(database, Events - SnapshotAt);
        await rest.AppendToAsync(_streams);
        await rest.CopyToPlainAsync();
    }

    protected override async Task<IReadOnlyList<double>> MeasureOursAsync(TimeSpan duration) =>
        [await OursAsync(1, duration), await OursAsync(ManyReaders, duration)];

    protected override async Task<IReadOnlyList<double>> MeasurePlainAsync(TimeSpan duration) =>
        [await PlainAsync(1, duration), await PlainAsync(ManyReaders, duration)];

    private static AggregateStore<OrderTotals, OrderHappened> States(BenchmarkDatabase database) => new(
        StateFold.Of<OrderTotals, OrderHappened>(static () => OrderTotals.None, OrderTotals.Evolve),
        database.Store,
        new EventSerializer(new EventTypes()
            .Add("OrderPlaced", OrderJson.Default.OrderPlaced)
            .Add("OrderPaid", OrderJson.Default.OrderPaid)
            .Add("OrderPacked", OrderJson.Default.OrderPacked)
            .Add("OrderShipped", OrderJson.Default.OrderShipped)),
        new AggregateOptions<OrderTotals>
        {
            Format = StateFormat.Json(OrderJson.Default.OrderTotals),
            CacheCapacity = 0,
        },
        snapshots: database.Snapshots);

    private static async Task SavePlainAsync(
        BenchmarkDatabase database, StreamId stream, long version, OrderTotals state)
    {
        await using var command = database.Plain.CreateCommand(PlainSql.Get("save_plain_snapshot"));
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = stream.AggregateType });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = stream.AggregateId });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = version });
        command.Parameters.Add(new NpgsqlParameter<byte[]>
        {
            TypedValue = JsonSerializer.SerializeToUtf8Bytes(state, OrderJson.Default.OrderTotals),
        });
        await command.ExecuteNonQueryAsync();
    }

    private Task<double> OursAsync(int readers, TimeSpan duration) =>
        Workers.RateAsync(
            [
                .. Enumerable.Range(0, readers)
                    .Select(_ => new OurAggregateReader(_states!, _streams, Events, ++_lastSeed)),
            ],
            duration);

    private async Task<double> PlainAsync(int readers, TimeSpan duration)
    {
        var workers = new List<IWorker>();
        for (var i = 0; i < readers; i++)
        {
            workers.Add(await PlainAggregateReader.ConnectAsync(Database.Plain, _streams, Events, ++_lastSeed));
        }

        return await Workers.RateAsync(workers, duration);
    }
}
