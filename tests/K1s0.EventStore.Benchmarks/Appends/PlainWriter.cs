using K1s0.EventStore.Benchmarks.Comparing;
using Npgsql;

namespace K1s0.EventStore.Benchmarks.Appends;

/// <summary>
/// The hand-written writer: a connection of its own, one insert an append, committed by itself. That the version is
/// free is left to the unique index.
/// </summary>
internal sealed class PlainWriter : IWorker
{
    private readonly NpgsqlConnection _connection;
    private readonly BatchSource _source;
    private readonly PlainInsert _one;
    private readonly PlainInsertMany? _many;

    private PlainWriter(NpgsqlConnection connection, BatchSource source, PlainInsert one, PlainInsertMany? many) =>
        (_connection, _source, _one, _many) = (connection, source, one, many);

    public static async Task<PlainWriter> ConnectAsync(NpgsqlDataSource database, BatchSource source, int eventsPerAppend)
    {
        var connection = await database.OpenConnectionAsync();
        return new PlainWriter(
            connection,
            source,
            await PlainInsert.PrepareAsync(connection),
            eventsPerAppend > 1 ? await PlainInsertMany.PrepareAsync(connection, eventsPerAppend) : null);
    }

    public async Task<int> StepAsync()
    {
        var batch = _source.Next();
        await (_many?.ExecuteAsync(batch) ?? _one.ExecuteAsync(batch));
        return batch.Events.Length;
    }

    public async ValueTask DisposeAsync()
    {
        await _one.DisposeAsync();
        if (_many is not null)
        {
            await _many.DisposeAsync();
        }

        await _connection.DisposeAsync();
    }
}
