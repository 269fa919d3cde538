using K1s0.EventStore.Benchmarks.Comparing;
using K1s0.EventStore.Benchmarks.Loads;
using K1s0.EventStore.Benchmarks.Servers;
using Npgsql;

namespace K1s0.EventStore.Benchmarks.Feed;

/// <summary>
/// By hand: pages of a hundred events, and a transaction for each that writes the effects and the consumer's position.
/// Nobody else can take over, and no history is checked.
/// </summary>
internal sealed class PlainExactlyOnce(NpgsqlDataSource database, int least) : IWorker
{
    private const long PageSize = 100;

    public async Task<int> StepAsync()
    {
        var consumer = Guid.CreateVersion7();
        await using var connection = await database.OpenConnectionAsync();
        var (count, after) = (0, 0L);
        while (await ReadAsync(connection, after) is { Count: > 0 } page)
        {
            await using var transaction = await connection.BeginTransactionAsync();
            foreach (var read in page)
            {
                await Effect.WriteAsync(consumer, read.Id, transaction);
            }

            after = page[^1].Position;
            await using var move = new NpgsqlCommand(PlainSql.Get("move_plain_consumer"), connection, transaction);
            move.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = consumer });
            move.Parameters.Add(new NpgsqlParameter<long> { TypedValue = after });
            await move.PrepareAsync();
            await move.ExecuteNonQueryAsync();
            await transaction.CommitAsync();
            count += page.Count;
        }

        return count >= least
            ? count
            : throw new InvalidOperationException($"Handled {count} events instead of {least}.");
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static async Task<List<PlainEvent>> ReadAsync(NpgsqlConnection connection, long after)
    {
        await using var command = new NpgsqlCommand(PlainSql.Get("read_plain_page"), connection);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = after });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = PageSize });
        await command.PrepareAsync();
        await using var reader = await command.ExecuteReaderAsync();
        var page = new List<PlainEvent>();
        while (await reader.ReadAsync())
        {
            page.Add(PlainEvent.Read(reader));
        }

        return page;
    }
}
