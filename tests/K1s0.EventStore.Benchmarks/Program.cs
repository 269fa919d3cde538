using K1s0.EventStore;
using K1s0.EventStore.Benchmarks.CommandLine;
using K1s0.EventStore.TestServers;
using Npgsql;

const int Done = 0;
const int Failed = 1;
const int WrongUsage = 2;

try
{
    if (args.Contains("--help", StringComparer.Ordinal))
    {
        await Console.Out.WriteLineAsync(Usage.Text);
        return Done;
    }

    var words = new ArgumentReader(args);
    switch (words.TryNext())
    {
        case "compare":
            await CompareCommand.RunAsync(words, Console.Out, Console.Error);
            return Done;
        case "growth":
            await GrowthCommand.RunAsync(words, Console.Out, Console.Error);
            return Done;
        case "archive-report":
            await ArchiveReportCommand.RunAsync(words, Console.Out);
            return Done;
        case { } other:
            throw new UsageException($"There is no command '{other}'. See --help.");
        default:
            throw new UsageException("Which command? See --help.");
    }
}
catch (UsageException e)
{
    await Console.Error.WriteLineAsync(e.Message);
    return WrongUsage;
}
catch (Exception e) when (e is NpgsqlException or EventStoreException or ServerFailedException
    or ServerNotInstalledException or IOException)
{
    await Console.Error.WriteLineAsync($"Failed: {e}");
    return Failed;
}
