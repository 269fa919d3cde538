using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace K1s0.EventStore.Archive;

/// <summary>Files, and their names, that survive a power loss once a method has returned.</summary>
internal sealed partial class DurableFiles(string partsFolder)
{
    public static bool IsMissing(Exception e) => e is FileNotFoundException or DirectoryNotFoundException;

    /// <summary>The file, for reading; null when there is none.</summary>
    public static SafeFileHandle? TryOpen(string path)
    {
        try
        {
            return File.OpenHandle(
                path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, FileOptions.Asynchronous);
        }
        catch (Exception e) when (IsMissing(e))
        {
            return null;
        }
    }

    /// <summary>Makes a folder and those above it, each name durable.</summary>
    public static void CreateFolder(string folder)
    {
        if (Directory.Exists(folder))
        {
            return;
        }

        var above = Path.GetDirectoryName(folder);
        if (above is not null)
        {
            CreateFolder(above);
        }

        Directory.CreateDirectory(folder);
        if (above is not null)
        {
            FlushNames(above);
        }
    }

    /// <summary>Makes the names in a folder durable; nothing on Windows, whose file systems log them.</summary>
    /// <exception cref="IOException">The system refuses.</exception>
    public static void FlushNames(string folder)
    {
        if (!OperatingSystem.IsWindows())
        {
            FlushOnUnix(folder);
        }
    }

    /// <summary>Writes a file of a name that nobody knows, flushed to the disk.</summary>
    public async Task<string> WriteAsideAsync(ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        CreateFolder(partsFolder);
        var path = Path.Combine(partsFolder, Path.GetRandomFileName());
        try
        {
            using var file = File.OpenHandle(
                path, FileMode.CreateNew, FileAccess.Write, FileShare.None, FileOptions.Asynchronous);
            await RandomAccess.WriteAsync(file, content, 0, cancellationToken).ConfigureAwait(false);
            RandomAccess.FlushToDisk(file);
            return path;
        }
        catch
        {
            File.Delete(path);
            throw;
        }
    }

    [UnsupportedOSPlatform("windows")]
    private static void FlushOnUnix(string folder)
    {
        const int readOnly = 0;
        var descriptor = Open(folder, readOnly);
        if (descriptor < 0)
        {
            throw Failed("open", folder);
        }

        try
        {
            if (Sync(descriptor) != 0)
            {
                throw Failed("fsync", folder);
            }
        }
        finally
        {
            _ = Close(descriptor);
        }
    }

    private static IOException Failed(string call, string folder) =>
        new($"{call} of {folder} failed: {Marshal.GetLastPInvokeErrorMessage()}");

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Sync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int descriptor);
}
