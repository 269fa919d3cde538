namespace K1s0.EventStore.TestServers.Tests;

/// <summary>What a server leaves on the machine.</summary>
internal static class Traces
{
    /// <summary>Whether a process runs; a dead one that nobody has collected yet (state Z) does not.</summary>
    public static bool ProcessRuns(int processId)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{processId}/stat");
            return stat[stat.LastIndexOf(')') + 2] != 'Z';
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>Whether any process has the directory as its working directory.</summary>
    public static bool AnyProcessWorksIn(string directory) =>
        Directory.EnumerateDirectories("/proc").Any(entry =>
            string.Equals(new FileInfo(Path.Combine(entry, "cwd")).LinkTarget, directory, StringComparison.Ordinal));

    /// <summary>Waits for something that another process does; after five minutes the test fails.</summary>
    public static Task UntilAsync(Func<bool> condition) => UntilAsync(() => Task.FromResult(condition()));

    /// <inheritdoc cref="UntilAsync(Func{bool})"/>
    public static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromMinutes(5));
        while (!await condition())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(10), limit.Token);
        }
    }

    /// <summary>The server's directory and its lock file, as far as they are there.</summary>
    public static IReadOnlyList<string> Of(PostgresServer server) =>
        [.. OfThisProcess().Where(path => path.StartsWith(server.SocketDirectory, StringComparison.Ordinal))];

    /// <summary>The directories and lock files of all servers that this process started.</summary>
    public static IReadOnlyList<string> OfThisProcess() => OfProcess(Environment.ProcessId);

    /// <summary>The directories and lock files of all servers that a process started.</summary>
    public static IReadOnlyList<string> OfProcess(int processId) =>
        Directory.GetFileSystemEntries("/tmp", $"k1s0-{processId}-*");

    /// <summary>The System V segments of the machine; PostgreSQL holds one for each data directory in use.</summary>
    public static IReadOnlyList<string> SharedMemorySegments() =>
        [.. File.ReadLines("/proc/sysvipc/shm").Skip(1).Select(Identifier)];

    /// <summary>The segment that a server's lock file names.</summary>
    public static string SharedMemorySegmentOf(PostgresServer server) =>
        Identifier(File.ReadAllLines(Path.Combine(server.DataDirectory, "postmaster.pid"))[6]);

    private static string Identifier(string line) => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1];
}
