using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.Replays;

/// <summary>A table that a replay fills, and the place that it keeps beside it.</summary>
internal sealed class ReplayRows(TestStore store) : ITransactionalHandler
{
    /// <summary>What happens after a row was written.</summary>
    public Func<EventEnvelope, NpgsqlTransaction, Task>? Act { get; set; }

    public PostgresReplayTarget Target { get; } = new(store.DataSource, async (place, transaction) =>
    {
        await using var command = new NpgsqlCommand(
            store.Named("update {s}.replay_place set place = $1"), transaction.Connection, transaction);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = place.ToString() });
        await command.ExecuteNonQueryAsync();
    });

    public static async Task<ReplayRows> CreateAsync(TestStore store)
    {
        await store.ExecuteAsync(
            """
            create table {s}.rows (
              row_number bigint generated always as identity,
              event_id uuid not null,
              constraint rows_event_id_key unique (event_id) deferrable initially deferred);
            create table {s}.replay_place (place text);
            insert into {s}.replay_place values (null);
            """);
        return new ReplayRows(store);
    }

    public ReplayHandler Handler(string name = "rows") => new(name, Target.Writing(this));

    public Task<IReadOnlyList<Guid>> StoredAsync() =>
        store.ColumnAsync<Guid>("select event_id from {s}.rows order by row_number");

    public Task<string> PlaceAsync() => store.ScalarAsync<string>("select coalesce(place, '') from {s}.replay_place");

    public async Task HandleAsync(
        EventEnvelope envelope, NpgsqlTransaction transaction, CancellationToken cancellationToken)
    {
        await WriteAsync(envelope.Id, transaction);
        await (Act?.Invoke(envelope, transaction) ?? Task.CompletedTask);
    }

    public async Task WriteAsync(Guid id, NpgsqlTransaction transaction)
    {
        await using var command = new NpgsqlCommand(
            store.Named("insert into {s}.rows (event_id) values ($1)"), transaction.Connection, transaction);
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = id });
        await command.ExecuteNonQueryAsync();
    }
}
