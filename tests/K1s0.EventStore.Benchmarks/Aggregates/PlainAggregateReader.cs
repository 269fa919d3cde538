using System.Text.Json;
using K1s0.EventStore.Benchmarks.Comparing;
using K1s0.EventStore.Benchmarks.Servers;
using Npgsql;

namespace K1s0.EventStore.Benchmarks.Aggregates;

/// <summary>
/// The hand-written loader: a connection of its own, one prepared statement for the snapshot and one for the events
/// behind it, with no more columns than it needs, the same generated code for JSON and the same fold.
/// </summary>
internal sealed class PlainAggregateReader : IWorker
{
    private readonly NpgsqlConnection _connection;
    private readonly NpgsqlCommand _loadSnapshot;
    private readonly NpgsqlCommand _loadEvents;
    private readonly NpgsqlParameter<long> _version = new();
    private readonly IReadOnlyList<StreamId> _streams;
    private readonly int _events;
    private readonly Random _random;

    private PlainAggregateReader(NpgsqlConnection connection, IReadOnlyList<StreamId> streams, int events, int seed)
    {
        (_connection, _streams, _events, _random) = (connection, streams, events, new Random(seed));
        _loadSnapshot = new NpgsqlCommand(PlainSql.Get("load_plain_snapshot"), connection)
        {
            Parameters = { new NpgsqlParameter<string>(), new NpgsqlParameter<string>() },
        };
        _loadEvents = new NpgsqlCommand(PlainSql.Get("load_plain_events_behind"), connection)
        {
            Parameters = { new NpgsqlParameter<string>(), new NpgsqlParameter<string>(), _version },
        };
    }

    public static async Task<PlainAggregateReader> ConnectAsync(
        NpgsqlDataSource database, IReadOnlyList<StreamId> streams, int events, int seed)
    {
        var reader = new PlainAggregateReader(await database.OpenConnectionAsync(), streams, events, seed);
        await reader._loadSnapshot.PrepareAsync();
        await reader._loadEvents.PrepareAsync();
        return reader;
    }

    public async Task<int> StepAsync()
    {
        var stream = _streams[_random.Next(_streams.Count)];
        var state = await LoadSnapshotAsync(stream);
        Name(_loadEvents, stream);
        await using var reader = await _loadEvents.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            state = OrderTotals.Evolve(state, Decode(reader.GetString(0), Bytes(reader)));
        }

        return state.Events == _events
            ? 1
            : throw new InvalidOperationException($"{state.Events} events instead of {_events}.");
    }

    public async ValueTask DisposeAsync()
    {
        await _loadSnapshot.DisposeAsync();
        await _loadEvents.DisposeAsync();
        await _connection.DisposeAsync();
    }

    private static void Name(NpgsqlCommand command, StreamId stream)
    {
        ((NpgsqlParameter<string>)command.Parameters[0]).TypedValue = stream.AggregateType;
        ((NpgsqlParameter<string>)command.Parameters[1]).TypedValue = stream.AggregateId;
    }

    // The row is there already: nothing to wait for.
    private static byte[] Bytes(NpgsqlDataReader reader) => reader.GetFieldValue<byte[]>(1);

    private static OrderHappened Decode(string type, byte[] payload)
    {
        OrderHappened? happened = type switch
        {
            "OrderPlaced" => JsonSerializer.Deserialize(payload, OrderJson.Default.OrderPlaced),
            "OrderPaid" => JsonSerializer.Deserialize(payload, OrderJson.Default.OrderPaid),
            "OrderPacked" => JsonSerializer.Deserialize(payload, OrderJson.Default.OrderPacked),
            "OrderShipped" => JsonSerializer.Deserialize(payload, OrderJson.Default.OrderShipped),
            _ => null,
        };
        return happened ?? throw new InvalidOperationException($"{type} is no event of an order.");
    }

    private async Task<OrderTotals> LoadSnapshotAsync(StreamId stream)
    {
        Name(_loadSnapshot, stream);
        await using var reader = await _loadSnapshot.ExecuteReaderAsync();
        if (!await reader.ReadAsync())
        {
            throw new InvalidOperationException($"There is no snapshot of {stream}.");
        }

        _version.TypedValue = reader.GetInt64(0);
        return JsonSerializer.Deserialize(Bytes(reader), OrderJson.Default.OrderTotals)!;
    }
}
