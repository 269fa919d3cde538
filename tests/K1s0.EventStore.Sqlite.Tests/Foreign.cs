using Microsoft.Data.Sqlite;

namespace K1s0.EventStore.Sqlite.Tests;

/// <summary>Another program that opens the file and knows nothing of the store.</summary>
internal sealed class Foreign : IDisposable
{
    private readonly SqliteConnection _connection;

    public Foreign(string path)
    {
        SqliteLibrary.Require();
        _connection = new SqliteConnection(
            new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ConnectionString);
        _connection.Open();
    }

    public int Execute(string sql)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteNonQuery();
    }

    public T Scalar<T>(string sql)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        return (T)command.ExecuteScalar()!;
    }

    public void Dispose() => _connection.Dispose();
}
