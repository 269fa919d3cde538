using K1s0.EventStore.Samples.OfflineSync;

var screen = new Screen(Console.Out, Screen.IsColourWanted);
switch (args)
{
    case [NodeProgram.Argument, var file]:
        return await NodeProgram.RunAsync(file, Console.In, Console.Out);
    case ["--folder", var folder]:
        Directory.CreateDirectory(folder);
        return await Demonstration.RunAsync(folder, screen, CancellationToken.None);
    case []:
        var temporary = Directory.CreateTempSubdirectory("k1s0-offline-sync-");
        try
        {
            return await Demonstration.RunAsync(temporary.FullName, screen, CancellationToken.None);
        }
        finally
        {
            temporary.Delete(recursive: true);
        }

    default:
        screen.Fail("unknown arguments. OfflineSync [--folder <an empty folder for the files>]");
        return Demonstration.Unusable;
}
