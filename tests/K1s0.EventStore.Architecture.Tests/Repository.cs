using System.Diagnostics;
using System.Reflection;

namespace K1s0.EventStore.Architecture.Tests;

/// <summary>The files of this repository, as the tests see them.</summary>
internal static class Repository
{
    private const string SolutionName = "K1s0.EventStore.sln";

    private static readonly string[] CodeFolders = ["src", "tests", "samples"];

    public static string Root { get; } = FindRoot();

    public static string Solution => Absolute(SolutionName);

    /// <summary>What is committed, or would be by the next <c>git add</c>; paths with slashes, from the root.</summary>
    public static IReadOnlyList<string> TrackedFiles { get; } = ListTrackedFiles();

    /// <summary>Every file of src, tests and samples with this extension.</summary>
    public static IEnumerable<string> FilesOfAllProjects(string extension) =>
        CodeFolders.SelectMany(folder => Files(folder, extension));

    /// <summary>The projects of the product: name and project file, from the root.</summary>
    public static IReadOnlyDictionary<string, string> SourceProjects { get; } = Projects("src");

    public static IReadOnlyList<Assembly> SourceAssemblies { get; } =
        [.. SourceProjects.Keys.Order(StringComparer.Ordinal).Select(Assembly.Load)];

    public static string Absolute(string path) => Path.Combine(Root, path);

    public static string Read(string path) => File.ReadAllText(Absolute(path));

    public static IReadOnlyDictionary<string, string> Projects(string folder) =>
        Files(folder, ".csproj").ToDictionary(path => Path.GetFileNameWithoutExtension(path)!, StringComparer.Ordinal);

    public static IEnumerable<string> Files(string folder, string extension) =>
        TrackedFiles.Where(path =>
            path.StartsWith(folder + "/", StringComparison.Ordinal)
            && path.EndsWith(extension, StringComparison.Ordinal));

    /// <summary>Every line of the files for which something is wrong, as <c>path:line: text</c>.</summary>
    public static IEnumerable<string> LinesWhere(IEnumerable<string> paths, Func<string, bool> isWrong) =>
        from path in paths
        from line in File.ReadLines(Absolute(path)).Select((text, index) => (Text: text, Number: index + 1))
        where isWrong(line.Text)
        select $"{path}:{line.Number}: {line.Text.Trim()}";

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, SolutionName)))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException(
            $"No folder above {AppContext.BaseDirectory} holds {SolutionName}: run the tests in the repository.");
    }

    private static string[] ListTrackedFiles()
    {
        var start = new ProcessStartInfo("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        {
            WorkingDirectory = Root,
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
        using var git = Process.Start(start)!;
        var output = git.StandardOutput.ReadToEnd();
        git.WaitForExit();
        return git.ExitCode == 0
            ? [.. output.Split('\0', StringSplitOptions.RemoveEmptyEntries).Where(path => File.Exists(Absolute(path)))]
            : throw new InvalidOperationException("git ls-files failed: install git, and run the tests in a clone.");
    }
}
