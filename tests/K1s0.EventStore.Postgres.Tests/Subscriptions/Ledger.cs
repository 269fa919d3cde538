using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.Subscriptions;

/// <summary>
/// A table of effects, one row each time that an event was handled and committed: nothing keeps it from holding an event
/// twice but the promise under test.
/// </summary>
internal sealed class Ledger : ITransactionalHandler
{
    private readonly string _table;
    private readonly Func<EventEnvelope, NpgsqlTransaction, CancellationToken, Task>? _act;

    private Ledger(TestStore store, Func<EventEnvelope, NpgsqlTransaction, CancellationToken, Task>? act) =>
        (Store, _table, _act) = (store, $"\"{store.Name}\".effects", act);

    public TestStore Store { get; }

    /// <summary>A table beside the store, and a handler that writes to it after what a test does.</summary>
    public static async Task<Ledger> CreateAsync(
        TestStore store, Func<EventEnvelope, NpgsqlTransaction, CancellationToken, Task>? act = null)
    {
        var ledger = new Ledger(store, act);
        await store.DataSource.ExecuteAsync(
            $"create table {ledger._table} (place bigint generated always as identity, event_id uuid not null)");
        return ledger;
    }

    /// <summary>The events of all effects in the order in which they happened, repetitions included.</summary>
    public Task<IReadOnlyList<Guid>> EffectsAsync() =>
        Store.DataSource.ColumnAsync<Guid>($"select event_id from {_table} order by place");

    public async Task HandleAsync(
        EventEnvelope envelope, NpgsqlTransaction transaction, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            $"insert into {_table} (event_id) values ($1)", transaction.Connection, transaction);
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = envelope.Id });
        await command.ExecuteNonQueryAsync(cancellationToken);
        if (_act is not null)
        {
            await _act(envelope, transaction, cancellationToken);
        }
    }
}
