using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace K1s0.EventStore;

/// <summary>
/// Makes the names in a directory durable, which the base library cannot: a file that was flushed is lost all the same
/// when its name was not.
/// </summary>
internal static partial class DirectorySync
{
    /// <summary>Makes a directory and its parents as far as they are missing, each name durable.</summary>
    public static void Create(string directory)
    {
        if (Directory.Exists(directory))
        {
            return;
        }

        var parent = Path.GetDirectoryName(directory);
        if (parent is not null)
        {
            Create(parent);
        }

        Directory.CreateDirectory(directory);
        if (parent is not null)
        {
            Flush(parent);
        }
    }

    /// <summary>Makes the names in a directory durable; nothing on Windows, whose file systems log them.</summary>
    /// <exception cref="IOException">The system refuses.</exception>
    public static void Flush(string directory)
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
}
