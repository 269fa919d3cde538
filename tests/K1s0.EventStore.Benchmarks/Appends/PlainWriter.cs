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
    private readonly IPlainInsert _insert;

    private PlainWriter(NpgsqlConnection connection, BatchSource source, IPlainInsert insert) =>
        (_connection, _source, _insert) = (connection, source, insert);

    public static async Task<PlainWriter> ConnectAsync(
        NpgsqlDataSource database, BatchSource source, int eventsPerAppend)
    {
        var connection = await database.OpenConnectionAsync();
        return new PlainWriter(
            connection,
            source,
            eventsPerAppend == 1
                ? await PlainInsert.PrepareAsync(connection)
                : await PlainInsertMany.PrepareAsync(connection, eventsPerAppend));
    }

    public async Task<int> StepAsync()
    {
        var batch = _source.Next();
        await _insert.ExecuteAsync(batch);
        return batch.Events.Length;
    }

    public async ValueTask DisposeAsync()
    {
        await _insert.DisposeAsync();
        await _connection.DisposeAsync();
    }
}
