using K1s0.EventStore.Benchmarks.Comparing;
using K1s0.EventStore.Benchmarks.Loads;
using K1s0.EventStore.Benchmarks.Servers;
using Npgsql;

namespace K1s0.EventStore.Benchmarks.Feed;

/// <summary>The fastest way by hand: one ordered query over everything, its connection held until the end.</summary>
internal sealed class PlainCatchUp(NpgsqlDataSource database, long after, int least) : IWorker
{
    public async Task<int> StepAsync()
    {
        await using var command = database.CreateCommand(PlainSql.Get("read_plain_events"));
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = after });
        command.CommandTimeout = 0;
        await using var reader = await command.ExecuteReaderAsync();
        var count = 0;
        while (await reader.ReadAsync())
        {
            var (read, stream) = (PlainEvent.Read(reader), new PlainStream(reader.GetString(12), reader.GetString(13)));
            count += read.Version > 0 && stream.Id.Length > 0 ? 1 : 0;
        }

        return count >= least
            ? count
            : throw new InvalidOperationException($"Read {count} events instead of {least}.");
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private sealed record PlainStream(string Type, string Id);
}
