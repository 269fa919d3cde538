namespace K1s0.EventStore.TestServers;

/// <summary>Looks for programs.</summary>
internal static class InstalledPrograms
{
    /// <summary>The folders of PATH.</summary>
    public static IReadOnlyList<string> PathFolders =>
        (Environment.GetEnvironmentVariable("PATH") ?? string.Empty)
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);

    /// <summary>The path of a program on PATH or in one of the other folders, or null.</summary>
    public static string? Find(string name, params IReadOnlyList<string> otherFolders) =>
        PathFolders.Concat(otherFolders).Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
}
