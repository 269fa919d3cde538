using System.Security.Cryptography;

namespace K1s0.EventStore.TestServers;

/// <summary>
/// The own directory of one server, deleted with it. A lock file beside it is held as long as we live; when a host was
/// killed, the next start of any server sees the lock free and deletes what was left.
/// </summary>
internal sealed class ServerDirectory : IDisposable
{
    // Not the folder of TMPDIR: a socket's path has at most 107 characters, and user postgres must be able to come in.
    private const string Root = "/tmp";
    private const string Prefix = "k1s0-";
    private const string LockSuffix = ".lock";

    private readonly FileStream _lock;

    private ServerDirectory(string path, FileStream lockFile)
    {
        FullPath = path;
        _lock = lockFile;
    }

    public string FullPath { get; }

    public static async Task<ServerDirectory> CreateAsync()
    {
        DeleteAbandoned();
        var name = $"{Prefix}{Environment.ProcessId}-{RandomNumberGenerator.GetHexString(8, lowercase: true)}";
        var path = Path.Combine(Root, name);
        var lockFile = new FileStream(path + LockSuffix, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None);
        var directory = new ServerDirectory(path, lockFile);
        try
        {
            string[] owner = Environment.IsPrivilegedProcess ? ["-o", "postgres", "-g", "postgres"] : [];
            await Command.RunAsync(["install", "-d", "-m", "0755", .. owner, path]);
            return directory;
        }
        catch
        {
            directory.Dispose();
            throw;
        }
    }

    /// <summary>The path of an entry of this directory.</summary>
    public string Entry(string name) => Path.Combine(FullPath, name);

    public void Dispose()
    {
        Delete(FullPath);
        _lock.Dispose();
        File.Delete(FullPath + LockSuffix);
    }

    private static void DeleteAbandoned()
    {
        foreach (var lockPath in Directory.EnumerateFiles(Root, $"{Prefix}*{LockSuffix}"))
        {
            try
            {
                using var abandoned = new FileStream(lockPath, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
                var path = lockPath[..^LockSuffix.Length];
                if (LinuxProcesses.WorkingIn(Path.Combine(path, "data")).Count == 0)
                {
                    Delete(path);
                    File.Delete(lockPath);
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Its host lives, or it belongs to another user: not ours to delete.
            }
        }
    }

    private static void Delete(string path)
    {
        if (Directory.Exists(path))
        {
            Directory.Delete(path, recursive: true);
        }
    }
}
