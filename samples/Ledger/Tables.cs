using Npgsql;

namespace K1s0.EventStore.Samples.Ledger;

/// <summary>The tables of the store, as their owner sees them: he can take the guards off, and write what he likes.</summary>
internal sealed class Tables(NpgsqlDataSource dataSource, string schema)
{
    private static readonly string[] Names = ["events", "event_ids", "streams", "tiles", "leaf_runs", "tree_heads"];

    /// <summary>Takes the guards off, and remembers the rows.</summary>
    public async Task OpenAsync(CancellationToken cancellationToken)
    {
        foreach (var name in Names)
        {
            await ExecuteAsync($"alter table {{s}}.{name} disable trigger user", cancellationToken);
            await ExecuteAsync($"create table {{s}}.saved_{name} as table {{s}}.{name}", cancellationToken);
        }
    }

    /// <summary>Brings all rows back.</summary>
    public async Task RestoreAsync(CancellationToken cancellationToken)
    {
        foreach (var name in Names)
        {
            await ExecuteAsync($"delete from {{s}}.{name}", cancellationToken);
            await ExecuteAsync(
                $"insert into {{s}}.{name} overriding system value table {{s}}.saved_{name}", cancellationToken);
        }
    }

    public Task DropAsync(CancellationToken cancellationToken) =>
        ExecuteAsync("drop schema {s} cascade", cancellationToken);

    /// <summary>Runs statements; <c>{s}</c> stands for the schema.</summary>
    public async Task ExecuteAsync(string sql, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(sql.Replace("{s}", schema, StringComparison.Ordinal));
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
