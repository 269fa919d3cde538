using System.ComponentModel;
using System.Globalization;
using System.Runtime.InteropServices;

namespace K1s0.EventStore.TestServers;

/// <summary>What the BCL does not offer about processes: signals, and who works in a directory.</summary>
internal static partial class LinuxProcesses
{
    private const int NoSuchProcess = 3;
    private const int RemoveSharedMemory = 0;

    /// <summary>Sends a signal; a process that is gone already is not an error.</summary>
    public static void Signal(int processId, ProcessSignal signal)
    {
        if (Kill(processId, (int)signal) != 0 && Marshal.GetLastPInvokeError() != NoSuchProcess)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        }
    }

    /// <summary>Whether the process is there; a dead one counts until its parent has collected it.</summary>
    public static bool Exists(int processId) =>
        Directory.Exists($"/proc/{processId.ToString(CultureInfo.InvariantCulture)}");

    /// <summary>Whether the process runs: it is there, and not merely a dead one that nobody has collected.</summary>
    public static bool Runs(int processId) => State(processId) is not (null or 'Z' or 'X');

    /// <summary>Whether a stop signal has taken effect on the process.</summary>
    public static bool IsStopped(int processId) => State(processId) == 'T';

    /// <summary>
    /// The processes whose working directory is <paramref name="directory"/>. Every process of a PostgreSQL server
    /// works in its data directory, also those that outlive a killed postmaster.
    /// </summary>
    public static IReadOnlyList<int> WorkingIn(string directory)
    {
        var found = new List<int>();
        foreach (var entry in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(entry), NumberStyles.None, CultureInfo.InvariantCulture, out var id)
                && string.Equals(WorkingDirectory(entry), directory, StringComparison.Ordinal))
            {
                found.Add(id);
            }
        }

        return found;
    }

    /// <summary>Removes a System V shared memory segment, which a killed postmaster leaves behind.</summary>
    public static void RemoveSharedMemorySegment(int segment) => _ = SharedMemoryControl(segment, RemoveSharedMemory, 0);

    private static char? State(int processId)
    {
        try
        {
            // "pid (name) state ...", and the name may hold anything.
            var status = File.ReadAllText($"/proc/{processId.ToString(CultureInfo.InvariantCulture)}/stat");
            return status[status.LastIndexOf(')') + 2];
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static string? WorkingDirectory(string processEntry)
    {
        try
        {
            return new FileInfo(Path.Combine(processEntry, "cwd")).LinkTarget;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The process ended meanwhile, or belongs to someone else.
            return null;
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int processId, int signal);

    [LibraryImport("libc", EntryPoint = "shmctl", SetLastError = true)]
    private static partial int SharedMemoryControl(int segment, int command, nint buffer);
}
