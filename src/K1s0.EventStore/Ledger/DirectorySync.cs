using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace K1s0.EventStore;

/// <summary>
/// Makes the names in the directories under a root durable, which the base library cannot: a file that was flushed is
/// lost all the same when its name was not. Thread-safe. Compiled into every package that keeps files.
/// </summary>
/// <param name="root">The directory that all of them are in.</param>
/// <param name="flush">What makes the names of a directory durable; the system's call when null.</param>
internal sealed partial class DirectorySync(string root, Action<string>? flush = null)
{
    // As many hours as half a year has; beyond that, they are flushed once more.
    private const int MaxKnown = 4_400;

    private readonly Action<string> _flush = flush ?? FlushNames;

    // Directories whose own name this process has flushed.
    private readonly ConcurrentDictionary<string, bool> _known = new(StringComparer.Ordinal);

    /// <summary>
    /// Makes a directory and its parents as far as they are missing, each name durable. The names of those that are
    /// there are made durable too, once: whoever made them may not have come so far.
    /// </summary>
    /// <exception cref="IOException">The system refuses.</exception>
    public void Create(string directory)
    {
        if (_known.ContainsKey(directory) && Directory.Exists(directory))
        {
            return;
        }

        var parent = Path.GetDirectoryName(directory);
        if (parent is not null && (IsWithin(parent) || !Directory.Exists(parent)))
        {
            Create(parent);
        }

        Directory.CreateDirectory(directory);
        if (parent is not null)
        {
            Flush(parent);
        }

        if (_known.Count >= MaxKnown)
        {
            _known.Clear();
        }

        _known[directory] = true;
    }

    /// <summary>Makes the names in a directory durable; nothing on Windows, whose file systems log them.</summary>
    /// <exception cref="IOException">The system refuses.</exception>
    public void Flush(string directory) => _flush(directory);

    private static void FlushNames(string directory)
    {
        if (!OperatingSystem.IsWindows())
        {
            FlushOnUnix(directory);
        }
    }

    [UnsupportedOSPlatform("windows")]
    private static void FlushOnUnix(string directory)
    {
        const int readOnly = 0;
        var descriptor = Open(directory, readOnly);
        if (descriptor < 0)
        {
            throw Failed("open", directory);
        }

        try
        {
            if (Sync(descriptor) != 0)
            {
                throw Failed("fsync", directory);
            }
        }
        finally
        {
            _ = Close(descriptor);
        }
    }

    private static IOException Failed(string call, string directory) =>
        new($"{call} of {directory} failed: {Marshal.GetLastPInvokeErrorMessage()}");

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Sync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int descriptor);

    private bool IsWithin(string directory) =>
        directory.StartsWith(root, StringComparison.Ordinal)
        && (directory.Length == root.Length || directory[root.Length] == Path.DirectorySeparatorChar);
}
