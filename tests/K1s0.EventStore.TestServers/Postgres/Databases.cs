using System.Net.Sockets;
using Npgsql;

namespace K1s0.EventStore.TestServers;

/// <summary>What we ask of a server ourselves, over connections that no pool keeps.</summary>
internal static class Databases
{
    public static string ForDatabase(string connectionString, string database) =>
        new NpgsqlConnectionStringBuilder(connectionString) { Database = database }.ConnectionString;

    // template0, because nobody can be connected to it: creating from template1 fails while anybody is.
    public static Task CreateAsync(string server, string name) =>
        ExecuteAsync(server, $"CREATE DATABASE {Quote(name)} TEMPLATE template0");

    public static Task DropAsync(string server, string name) =>
        ExecuteAsync(server, $"DROP DATABASE IF EXISTS {Quote(name)} WITH (FORCE)");

    public static void Drop(string server, string name)
    {
        using var connection = new NpgsqlConnection(Unpooled(server));
        connection.Open();
        using var command = new NpgsqlCommand($"DROP DATABASE IF EXISTS {Quote(name)} WITH (FORCE)", connection);
        command.ExecuteNonQuery();
    }

    public static async Task<bool> AnswersAsync(string connectionString)
    {
        try
        {
            await using var connection = new NpgsqlConnection(Unpooled(connectionString));
            await connection.OpenAsync();
            return true;
        }
        catch (Exception e) when (e is NpgsqlException or SocketException)
        {
            // No socket yet, or "the database system is starting up".
            return false;
        }
    }

    private static async Task ExecuteAsync(string server, string sql)
    {
        await using var connection = new NpgsqlConnection(Unpooled(server));
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private static string Quote(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private static string Unpooled(string connectionString) =>
        new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString;
}
