using K1s0.EventStore.Benchmarks.Comparing;
using K1s0.EventStore.Benchmarks.Events;
using K1s0.EventStore.Benchmarks.Servers;
using Npgsql;

namespace K1s0.EventStore.Benchmarks.Appends;

/// <summary>
/// The usual optimistic lock by hand: in one transaction, move the stream's version on if it is as believed, and insert
/// the event; otherwise roll back, read the version and try again.
/// </summary>
internal sealed class PlainHotWriter : IWorker
{
    private readonly NpgsqlConnection _connection;
    private readonly AppendBatch _stream;
    private readonly SampleEvents _events;
    private readonly PlainInsert _insert;
    private readonly NpgsqlCommand _advance;
    private readonly NpgsqlCommand _read;
    private readonly NpgsqlParameter<long> _believed = new();
    private SampleEvent? _pending;

    private PlainHotWriter(NpgsqlConnection connection, AppendBatch stream, SampleEvents events, PlainInsert insert)
    {
        (_connection, _stream, _events, _insert) = (connection, stream, events, insert);
        _advance = new NpgsqlCommand(PlainSql.Get("advance_plain_stream"), connection)
        {
            Parameters = { new NpgsqlParameter<long> { TypedValue = stream.StreamKey }, _believed },
        };
        _read = new NpgsqlCommand(PlainSql.Get("get_plain_version"), connection)
        {
            Parameters = { new NpgsqlParameter<long> { TypedValue = stream.StreamKey } },
        };
    }

    /// <summary>Conflicts included.</summary>
    public long Attempts { get; private set; }

    public static async Task<PlainHotWriter> ConnectAsync(
        NpgsqlDataSource database, AppendBatch stream, SampleEvents events)
    {
        var connection = await database.OpenConnectionAsync();
        var writer = new PlainHotWriter(connection, stream, events, await PlainInsert.PrepareAsync(connection));
        await writer._advance.PrepareAsync();
        await writer._read.PrepareAsync();
        return writer;
    }

    public async Task<int> StepAsync()
    {
        _pending ??= _events.Next(_stream.StreamId);
        Attempts++;
        await using var transaction = await _connection.BeginTransactionAsync();
        if (await _advance.ExecuteNonQueryAsync() == 0)
        {
            await transaction.RollbackAsync();
            _believed.TypedValue = (long)(await _read.ExecuteScalarAsync())!;
            return 0;
        }

        await _insert.ExecuteAsync(_stream with { Version = _believed.TypedValue, Events = [_pending] });
        await transaction.CommitAsync();
        _pending = null;
        _believed.TypedValue++;
        return 1;
    }

    public async ValueTask DisposeAsync()
    {
        await _insert.DisposeAsync();
        await _advance.DisposeAsync();
        await _read.DisposeAsync();
        await _connection.DisposeAsync();
    }
}
