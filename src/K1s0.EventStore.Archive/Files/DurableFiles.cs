using Microsoft.Win32.SafeHandles;

namespace K1s0.EventStore.Archive;

/// <summary>Files, and their names, that survive a power loss once a method has returned.</summary>
internal sealed class DurableFiles(string partsFolder, DirectorySync names)
{
    /// <summary>Makes folders and names durable.</summary>
    public DirectorySync Names { get; } = names;

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

    /// <summary>Some bytes of a file, all of them.</summary>
    /// <exception cref="EndOfStreamException">The file does not have so many bytes any more.</exception>
    public static async Task<byte[]> ReadAsync(
        SafeFileHandle file, long offset, int length, CancellationToken cancellationToken)
    {
        var content = new byte[length];
        var read = 0;
        while (read < length)
        {
            var more = await RandomAccess.ReadAsync(file, content.AsMemory(read), offset + read, cancellationToken)
                .ConfigureAwait(false);
            read += more > 0 ? more : throw new EndOfStreamException("The file became shorter.");
        }

        return content;
    }

    /// <summary>Gives a file that was written aside its name, in a folder that is made when it is missing.</summary>
    public void Name(string part, string path, bool overwrite)
    {
        Names.Create(Path.GetDirectoryName(path)!);
        File.Move(part, path, overwrite);
    }

    /// <summary>Makes the name of a file durable, or that it is gone.</summary>
    public void FlushName(string path) => Names.Flush(Path.GetDirectoryName(path)!);

    /// <summary>Writes a file of a name that nobody knows, flushed to the disk.</summary>
    public async Task<string> WriteAsideAsync(ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        Names.Create(partsFolder);
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
}
