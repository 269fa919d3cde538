namespace K1s0.EventStore.TestServers.Tests;

/// <summary>What this program does as somebody's child. Every role reports by lines on its standard output.</summary>
internal static class ChildRoles
{
    public const string OwnServer = "own-server";
    public const string SharedDatabase = "shared-database";
    public const string Bouncer = "bouncer";
    public const string Count = "count";
    public const string Fail = "fail";

    public const int FailureCode = 7;

    public static Task<int> PlayAsync(string role) => role switch
    {
        OwnServer => HoldServerAsync(),
        SharedDatabase => UseSharedDatabaseAsync(),
        Bouncer => StartBouncerAsync(),
        Count => CountAsync(),
        _ => Task.FromResult(FailureCode),
    };

    private static async Task<int> HoldServerAsync()
    {
        var server = await PostgresServer.StartAsync();
        Report(server.ProcessId);
        Report(server.SocketDirectory);
        await Task.Delay(Timeout.Infinite);
        return 0;
    }

    /// <summary>Leaves the cleaning up to the end of the process.</summary>
    private static async Task<int> UseSharedDatabaseAsync()
    {
        try
        {
            var database = await SharedPostgres.CreateDatabaseAsync();
            Report(database.Name);
            Report(await Sql.ScalarAsync<string>(database.ConnectionString, "SHOW data_directory"));
            return 0;
        }
        catch (ServerNotInstalledException e)
        {
            Report(e.Message);
            return FailureCode;
        }
    }

    private static async Task<int> StartBouncerAsync()
    {
        try
        {
            await using var server = await PostgresServer.StartAsync();
            await using var bouncer = await PgBouncer.StartAsync(server);
            return 0;
        }
        catch (ServerNotInstalledException e)
        {
            Report(e.Message);
            return FailureCode;
        }
    }

    private static async Task<int> CountAsync()
    {
        for (var number = 1; ; number++)
        {
            Report(number);
            await Task.Delay(1);
        }
    }

    private static void Report(object line)
    {
        Console.WriteLine(line);
        Console.Out.Flush();
    }
}
