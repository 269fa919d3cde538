using System.Data;
using Npgsql;

namespace K1s0.EventStore.Postgres.Tests.Transactions;

/// <summary>An application that has opened a connection and begun a transaction of its own.</summary>
internal sealed class Caller : IAsyncDisposable
{
    private Caller(NpgsqlConnection connection, NpgsqlTransaction transaction) =>
        (Connection, Transaction) = (connection, transaction);

    public NpgsqlConnection Connection { get; }

    public NpgsqlTransaction Transaction { get; }

    public static async Task<Caller> BeginAsync(
        NpgsqlDataSource dataSource, IsolationLevel isolationLevel = IsolationLevel.ReadCommitted)
    {
        var connection = await dataSource.OpenConnectionAsync();
        return new Caller(connection, await connection.BeginTransactionAsync(isolationLevel));
    }

    /// <summary>Writes a row of the application's own.</summary>
    public Task InsertAsync(TestStore store, string note) =>
        Connection.ExecuteAsync(store.Named($"insert into {{s}}.business values ('{note}')"));

    public async ValueTask DisposeAsync()
    {
        await Transaction.DisposeAsync();
        await Connection.DisposeAsync();
    }
}
