using Npgsql;

namespace K1s0.EventStore.Postgres.Tests;

/// <summary>Statements past the library, for arranging and for proof.</summary>
internal static class Sql
{
    // A slow machine fills a table for longer than the driver's 30 seconds.
    private const int Patience = Eventually.Milliseconds / 1_000;

    public static async Task ExecuteAsync(this NpgsqlDataSource dataSource, string sql)
    {
        await using var command = dataSource.CreateCommand(sql);
        command.CommandTimeout = Patience;
        await command.ExecuteNonQueryAsync();
    }

    public static async Task ExecuteAsync(this NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = Patience };
        await command.ExecuteNonQueryAsync();
    }

    public static async Task<TValue> ScalarAsync<TValue>(this NpgsqlDataSource dataSource, string sql)
    {
        await using var connection = await dataSource.OpenConnectionAsync();
        return await connection.ScalarAsync<TValue>(sql);
    }

    public static async Task<TValue> ScalarAsync<TValue>(this NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = Patience };
        return (TValue)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>The first column of all rows.</summary>
    public static async Task<IReadOnlyList<TValue>> ColumnAsync<TValue>(this NpgsqlDataSource dataSource, string sql)
    {
        await using var command = dataSource.CreateCommand(sql);
        command.CommandTimeout = Patience;
        await using var reader = await command.ExecuteReaderAsync();
        var values = new List<TValue>();
        while (await reader.ReadAsync())
        {
            values.Add(await reader.GetFieldValueAsync<TValue>(0));
        }

        return values;
    }
}
