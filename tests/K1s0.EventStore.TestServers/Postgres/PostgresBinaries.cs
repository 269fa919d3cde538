using System.Globalization;

namespace K1s0.EventStore.TestServers;

/// <summary>The folder of an installed PostgreSQL.</summary>
internal sealed class PostgresBinaries
{
    /// <summary>Names a folder that is used instead of searching.</summary>
    public const string FolderVariable = "K1S0_TEST_POSTGRES_BIN";

    private const string DebianRoot = "/usr/lib/postgresql";

    private readonly string _folder;

    private PostgresBinaries(string folder) => _folder = folder;

    /// <summary>The folder of the variable, else the newest of Debian's folders, else the one that PATH leads to.</summary>
    /// <exception cref="ServerNotInstalledException">There is none.</exception>
    public static PostgresBinaries Find()
    {
        var configured = Environment.GetEnvironmentVariable(FolderVariable);
        if (!string.IsNullOrEmpty(configured))
        {
            return IsComplete(configured)
                ? new PostgresBinaries(configured)
                : throw NotInstalled($"{FolderVariable} names {configured}, which does not hold initdb and postgres");
        }

        var folder = DebianFolders().Concat(PathFolders()).FirstOrDefault(IsComplete);
        return folder is null
            ? throw NotInstalled($"no initdb and postgres under {DebianRoot}/*/bin or on PATH")
            : new PostgresBinaries(folder);
    }

    /// <summary>The path of one of the programs.</summary>
    /// <exception cref="ServerNotInstalledException">This installation does not have it.</exception>
    public string Program(string name)
    {
        var path = Path.Combine(_folder, name);
        return File.Exists(path) ? path : throw NotInstalled($"no {name} in {_folder}");
    }

    private static ServerNotInstalledException NotInstalled(string finding) => new(
        $"This needs an installed PostgreSQL: {finding}. Install it with "
        + "'apt-get install --no-install-recommends postgresql' (./tests/run.sh does it), "
        + $"or name the folder of its programs in {FolderVariable}, "
        + $"or name a running server in {SharedPostgres.ServerVariable} as a connection string.");

    private static bool IsComplete(string folder) =>
        File.Exists(Path.Combine(folder, "initdb")) && File.Exists(Path.Combine(folder, "postgres"));

    private static IEnumerable<string> DebianFolders() =>
        !Directory.Exists(DebianRoot)
            ? []
            : Directory.EnumerateDirectories(DebianRoot)
                .OrderByDescending(path => int.TryParse(
                    Path.GetFileName(path), NumberStyles.None, CultureInfo.InvariantCulture, out var major) ? major : 0)
                .Select(path => Path.Combine(path, "bin"));

    private static IEnumerable<string> PathFolders() =>
        InstalledPrograms.PathFolders
            .Select(folder => new FileInfo(Path.Combine(folder, "postgres")))
            .Where(program => program.Exists)
            .Select(program => Path.GetDirectoryName(
                program.ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? program.FullName)!);
}
