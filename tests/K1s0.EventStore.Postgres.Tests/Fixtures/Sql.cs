using Npgsql;

namespace K1s0.EventStore.Postgres.Tests;

/// <summary>Statements past the library, for arranging and for proof.</summary>
internal static class Sql
{
    public static async Task ExecuteAsync(this NpgsqlDataSource dataSource, string sql)
    {
        await using var command = dataSource.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    public static async Task ExecuteAsync(this NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    public static async Task<TValue> ScalarAsync<TValue>(this NpgsqlDataSource dataSource, string sql)
    {
        await using var connection = await dataSource.OpenConnectionAsync();
        return await connection.ScalarAsync<TValue>(sql);
    }

    public static async Task<TValue> ScalarAsync<TValue>(this NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return (TValue)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>The first column of all rows.</summary>
    public static async Task<IReadOnlyList<TValue>> ColumnAsync<TValue>(this NpgsqlDataSource dataSource, string sql)
    {
        await using var command = dataSource.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync();
        var values = new List<TValue>();
        while (await reader.ReadAsync())
        {
            values.Add(await reader.GetFieldValueAsync<TValue>(0));
        }

        return values;
    }
}
