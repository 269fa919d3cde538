using K1s0.EventStore.Samples.Ledger;
using K1s0.EventStore.TestServers;

var screen = new Screen(Console.Out, Screen.IsColourWanted);
switch (args)
{
    case ["--postgres", var connectionString]:
        return await Walkthrough.RunAsync(connectionString, screen, CancellationToken.None);
    case []:
        try
        {
            await using var server = await PostgresServer.StartAsync();
            return await Walkthrough.RunAsync(server.ConnectionString(), screen, CancellationToken.None);
        }
        catch (ServerNotInstalledException e)
        {
            screen.Fail($"{e.Message} Or name a server: Ledger --postgres <connection string>");
            return Walkthrough.Unusable;
        }

    default:
        screen.Fail("unknown arguments. Ledger [--postgres <connection string>]");
        return Walkthrough.Unusable;
}
