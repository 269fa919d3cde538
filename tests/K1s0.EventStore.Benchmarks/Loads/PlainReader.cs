using K1s0.EventStore.Benchmarks.Comparing;
using K1s0.EventStore.Benchmarks.Servers;
using Npgsql;

namespace K1s0.EventStore.Benchmarks.Loads;

/// <summary>The hand-written reader: a connection of its own, one prepared statement.</summary>
internal sealed class PlainReader : IWorker
{
    private readonly NpgsqlConnection _connection;
    private readonly NpgsqlCommand _command;
    private readonly NpgsqlParameter<string> _type = new();
    private readonly NpgsqlParameter<string> _id = new();
    private readonly IReadOnlyList<StreamId> _streams;
    private readonly int _length;
    private readonly Random _random;

    private PlainReader(NpgsqlConnection connection, IReadOnlyList<StreamId> streams, int length, int seed)
    {
        (_connection, _streams, _length, _random) = (connection, streams, length, new Random(seed));
        _command = new NpgsqlCommand(PlainSql.Get("load_plain_stream"), connection) { Parameters = { _type, _id } };
    }

    public static async Task<PlainReader> ConnectAsync(
        NpgsqlDataSource database, IReadOnlyList<StreamId> streams, int length, int seed)
    {
        var reader = new PlainReader(await database.OpenConnectionAsync(), streams, length, seed);
        await reader._command.PrepareAsync();
        return reader;
    }

    public async Task<int> StepAsync()
    {
        var stream = _streams[_random.Next(_streams.Count)];
        _type.TypedValue = stream.AggregateType;
        _id.TypedValue = stream.AggregateId;
        var events = new List<PlainEvent>();
        await using var reader = await _command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            events.Add(PlainEvent.Read(reader));
        }

        return events.Count == _length
            ? _length
            : throw new InvalidOperationException($"Loaded {events.Count} events instead of {_length}.");
    }

    public async ValueTask DisposeAsync()
    {
        await _command.DisposeAsync();
        await _connection.DisposeAsync();
    }
}
