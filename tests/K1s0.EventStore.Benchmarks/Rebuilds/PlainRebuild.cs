using System.Runtime.InteropServices;
using K1s0.EventStore.Benchmarks.Comparing;
using K1s0.EventStore.Benchmarks.Servers;
using Npgsql;
using NpgsqlTypes;

namespace K1s0.EventStore.Benchmarks.Rebuilds;

/// <summary>
/// The fastest way by hand: one query over everything, sums in memory, the rows copied into an empty table in one
/// transaction. It cannot go on where it stood, and nobody may append meanwhile.
/// </summary>
internal sealed class PlainRebuild(NpgsqlDataSource database, long after, int least) : IWorker
{
    public async Task<int> StepAsync()
    {
        var sums = new Dictionary<string, (long Cents, long Events)>(StringComparer.Ordinal);
        var count = await SumAsync(sums);
        await using var connection = await database.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using (var command = new NpgsqlCommand(PlainSql.Get("create_plain_amounts"), connection, transaction))
        {
            await command.ExecuteNonQueryAsync();
        }

        await using (var import = await connection.BeginBinaryImportAsync(PlainSql.Get("import_plain_amounts")))
        {
            foreach (var (stream, sum) in sums)
            {
                await import.StartRowAsync();
                await import.WriteAsync(stream, NpgsqlDbType.Text);
                await import.WriteAsync(sum.Cents, NpgsqlDbType.Bigint);
                await import.WriteAsync(sum.Events, NpgsqlDbType.Bigint);
            }

            await import.CompleteAsync();
        }

        await transaction.CommitAsync();
        return count >= least
            ? count
            : throw new InvalidOperationException($"Read {count} events instead of {least}.");
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private async Task<int> SumAsync(Dictionary<string, (long Cents, long Events)> sums)
    {
        await using var command = database.CreateCommand(PlainSql.Get("read_plain_payloads"));
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = after });
        command.CommandTimeout = 0;
        await using var reader = await command.ExecuteReaderAsync();
        var count = 0;
        while (await reader.ReadAsync())
        {
            Add(sums, reader);
            count++;
        }

        return count;
    }

    private static void Add(Dictionary<string, (long Cents, long Events)> sums, NpgsqlDataReader reader)
    {
        ref var sum = ref CollectionsMarshal.GetValueRefOrAddDefault(sums, reader.GetString(0), out _);
        sum = (sum.Cents + OrderAmount.Of(reader.GetFieldValue<byte[]>(1)), sum.Events + 1);
    }
}
