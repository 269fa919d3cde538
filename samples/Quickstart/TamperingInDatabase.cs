using K1s0.EventStore.Postgres;
using Npgsql;

namespace K1s0.EventStore.Samples.Quickstart;

/// <summary>
/// Does what the owner of the tables can do, and nobody else: switches the append-only guard off and updates a row. All
/// of it in a transaction that is rolled back, so that the guard is never off for anybody else.
/// </summary>
internal sealed class TamperingInDatabase(NpgsqlDataSource dataSource, PostgresEventStore store) : ITampering
{
    private const string SwitchGuardOff = $"alter table {StoreChoice.Schema}.events disable trigger events_append_only";

    private const string MakeCheaper =
        $"""
        update {StoreChoice.Schema}.events
        set payload = convert_to(replace(convert_from(payload, 'UTF8'), '"unitPrice":6', '"unitPrice":5'), 'UTF8')
        where stream_type = $1 and stream_id = $2 and version = $3
        """;

    public string Description => "one byte of the row, by its owner";

    public async Task<IReadOnlyList<EventEnvelope>> MakeItemsCheaperAsync(
        StreamId streamId, long version, CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using var guard = new NpgsqlCommand(SwitchGuardOff, connection, transaction);
        await guard.ExecuteNonQueryAsync(cancellationToken);
        await using var update = new NpgsqlCommand(MakeCheaper, connection, transaction)
        {
            Parameters =
            {
                new() { Value = streamId.AggregateType },
                new() { Value = streamId.AggregateId },
                new() { Value = version },
            },
        };
        var rows = await update.ExecuteNonQueryAsync(cancellationToken);
        if (rows != 1)
        {
            throw new StepFailedException($"rows that were changed: expected 1, got {rows}");
        }

        // The store reads what the transaction sees; leaving without a commit undoes it.
        return await store.LoadAsync(streamId, transaction, cancellationToken: cancellationToken);
    }
}
