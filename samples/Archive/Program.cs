using K1s0.EventStore.Samples.Archive;
using K1s0.EventStore.TestServers;

var screen = new Screen(Console.Out, Screen.IsColourWanted);
if (Arguments.TryParse(args) is not { } arguments)
{
    screen.Fail($"unknown arguments. {Arguments.Usage}");
    return Walkthrough.Unusable;
}

if (arguments.Postgres is { } given)
{
    return await Walkthrough.RunAsync(given, arguments, screen, CancellationToken.None);
}

try
{
    await using var server = await PostgresServer.StartAsync();
    return await Walkthrough.RunAsync(server.ConnectionString(), arguments, screen, CancellationToken.None);
}
catch (ServerNotInstalledException e)
{
    screen.Fail($"{e.Message} Or name a server: {Arguments.Usage}");
    return Walkthrough.Unusable;
}
