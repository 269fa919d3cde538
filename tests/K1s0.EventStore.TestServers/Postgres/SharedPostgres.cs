using System.Collections.Concurrent;

namespace K1s0.EventStore.TestServers;

/// <summary>
/// One PostgreSQL for all tests of a process: started by the first that asks, ended with the process. A test class
/// takes a database of its own. Safe for use by several threads.
/// </summary>
public static class SharedPostgres
{
    /// <summary>The environment variable that names a running server (a connection string) to use instead.</summary>
    public const string ServerVariable = "K1S0_TEST_POSTGRES";

    private static readonly Lazy<Task<PostgresServer>> Own = new(StartOwnAsync);
    private static readonly ConcurrentDictionary<TestDatabase, bool> Open = new();

    static SharedPostgres() => AppDomain.CurrentDomain.ProcessExit += (_, _) => End();

    /// <summary>The connection string of the server that the environment names, or null.</summary>
    public static string? Configured => Environment.GetEnvironmentVariable(ServerVariable) is { Length: > 0 } value ? value : null;

    /// <summary>The connection string of the server's own database, for tests that look at the server as a whole.</summary>
    /// <exception cref="ServerNotInstalledException">PostgreSQL is not installed; the message says what to do.</exception>
    public static async Task<string> ConnectionStringAsync() => Configured ?? (await Own.Value).ConnectionString();

    /// <summary>Creates an empty database.</summary>
    /// <exception cref="ServerNotInstalledException">PostgreSQL is not installed; the message says what to do.</exception>
    public static async Task<TestDatabase> CreateDatabaseAsync()
    {
        var database = await TestDatabase.CreateAsync(await ConnectionStringAsync());
        Open[database] = true;
        return database;
    }

    internal static void Forget(TestDatabase database) => Open.TryRemove(database, out _);

    private static Task<PostgresServer> StartOwnAsync() => PostgresServer.StartAsync();

    private static void End()
    {
        if (Configured is not null)
        {
            // Not our server: it stays, our databases go.
            foreach (var database in Open.Keys)
            {
                database.DropAtProcessExit();
            }
        }
        else if (Own is { IsValueCreated: true, Value.IsCompletedSuccessfully: true })
        {
            Own.Value.Result.DisposeAtProcessExit();
        }
    }
}
