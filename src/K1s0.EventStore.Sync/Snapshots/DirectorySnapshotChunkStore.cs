using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Sync.Snapshots;

/// <summary>
/// Snapshots in a directory: <c>{name}/installed</c> is the manifest, <c>{name}/chunks/{digest}</c> are the chunks.
/// </summary>
/// <remarks>
/// <para>Every file is written aside, flushed to the disk, and then given its name, so whoever is killed leaves whole
/// files and some that end in <c>.part</c>, which nothing reads and the next opening removes. The names of chunks are
/// flushed when a manifest is installed, before it gets its name: a loss of power before that may cost chunks that have
/// come, and no more.</para>
/// <para>Safe for several threads. Keeps others out as long as it is not disposed.</para>
/// </remarks>
public sealed class DirectorySnapshotChunkStore : ISnapshotChunkStore, IDisposable
{
    private const string InstalledName = "installed";
    private const string ChunksName = "chunks";
    private const string LockName = ".lock";
    private const string PartEnd = ".part";

    private readonly string _directory;
    private readonly DirectorySync _sync;
    private readonly FileStream _lock;

    /// <summary>Opens a directory, which is made when it is missing.</summary>
    /// <param name="directory">The directory; nothing else is kept in it.</param>
    /// <exception cref="StoreUnavailableException">
    /// It cannot be read or written, or somebody else has it open.
    /// </exception>
    public DirectorySnapshotChunkStore(string directory)
        : this(directory, flushNames: null)
    {
    }

    internal DirectorySnapshotChunkStore(string directory, Action<string>? flushNames)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        _directory = Path.TrimEndingDirectorySeparator(Path.GetFullPath(directory));
        _sync = new DirectorySync(_directory, flushNames);
        _lock = Guard(() =>
        {
            _sync.Create(_directory);
            var held = new FileStream(
                Path.Combine(_directory, LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            try
            {
                foreach (var part in Directory.EnumerateFiles(
                    _directory, "*" + PartEnd, SearchOption.AllDirectories).ToArray())
                {
                    File.Delete(part);
                }

                return held;
            }
            catch
            {
                held.Dispose();
                throw;
            }
        });
    }

    /// <inheritdoc/>
    /// <exception cref="StoreUnavailableException">The directory cannot be read.</exception>
    public Task<ReadOnlyMemory<byte>?> ReadInstalledAsync(string name, CancellationToken cancellationToken = default) =>
        GuardAsync(() => ReadFileAsync(
            Path.Combine(FolderOf(name), InstalledName), SnapshotLimits.MaxManifestBytes, cancellationToken));

    /// <inheritdoc/>
    /// <exception cref="StoreUnavailableException">The directory cannot be written.</exception>
    public Task InstallAsync(
        string name, ReadOnlyMemory<byte> manifest, CancellationToken cancellationToken = default) =>
        GuardAsync(async () =>
        {
            _sync.Create(ChunksOf(name));
            _sync.Flush(ChunksOf(name));
            await WriteFileAsync(Path.Combine(FolderOf(name), InstalledName), manifest, cancellationToken)
                .ConfigureAwait(false);
            _sync.Flush(FolderOf(name));
            return true;
        });

    /// <inheritdoc/>
    /// <exception cref="StoreUnavailableException">The directory cannot be read.</exception>
    public Task<IReadOnlyCollection<Sha256Digest>> ReadDigestsAsync(
        string name, CancellationToken cancellationToken = default) => GuardAsync(() =>
        {
            cancellationToken.ThrowIfCancellationRequested();
            var found = new List<Sha256Digest>();
            if (Directory.Exists(ChunksOf(name)))
            {
                foreach (var path in Directory.EnumerateFiles(ChunksOf(name)))
                {
                    var file = Path.GetFileName(path);
                    if (file.Length == 2 * Sha256Digest.Length && file.All(char.IsAsciiHexDigitLower))
                    {
                        found.Add(Sha256Digest.Parse(file));
                    }
                }
            }

            return Task.FromResult<IReadOnlyCollection<Sha256Digest>>(found);
        });

    /// <inheritdoc/>
    /// <exception cref="StoreUnavailableException">The directory cannot be read.</exception>
    public Task<ReadOnlyMemory<byte>?> ReadChunkAsync(
        string name, SnapshotChunk chunk, CancellationToken cancellationToken = default) =>
        GuardAsync(() => ReadFileAsync(FileOf(name, chunk.Digest), chunk.Length, cancellationToken));

    /// <inheritdoc/>
    /// <exception cref="StoreUnavailableException">The directory cannot be written.</exception>
    public Task WriteChunkAsync(
        string name,
        SnapshotChunk chunk,
        ReadOnlyMemory<byte> content,
        CancellationToken cancellationToken = default) => GuardAsync(async () =>
        {
            _sync.Create(ChunksOf(name));
            await WriteFileAsync(FileOf(name, chunk.Digest), content, cancellationToken).ConfigureAwait(false);
            return true;
        });

    /// <inheritdoc/>
    /// <exception cref="StoreUnavailableException">The directory cannot be written.</exception>
    public Task RemoveChunksAsync(
        string name, IReadOnlyCollection<Sha256Digest> digests, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(digests);
        return GuardAsync(() =>
        {
            foreach (var digest in digests)
            {
                cancellationToken.ThrowIfCancellationRequested();
                File.Delete(FileOf(name, digest));
            }

            return Task.FromResult(true);
        });
    }

    /// <summary>Lets others in. What was written stays.</summary>
    public void Dispose() => _lock.Dispose();

    // Null when there is no such file, or a longer one than it can be.
    private static async Task<ReadOnlyMemory<byte>?> ReadFileAsync(
        string path, int maxBytes, CancellationToken cancellationToken)
    {
        try
        {
            using var file = File.OpenHandle(path, options: FileOptions.Asynchronous);
            var length = RandomAccess.GetLength(file);
            if (length > maxBytes)
            {
                return null;
            }

            var content = new byte[length];
            for (var at = 0; at < content.Length;)
            {
                var read = await RandomAccess.ReadAsync(file, content.AsMemory(at), at, cancellationToken)
                    .ConfigureAwait(false);
                if (read == 0)
                {
                    return null;
                }

                at += read;
            }

            return content;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    private static async Task WriteFileAsync(
        string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        var part = path + PartEnd;
        using (var file = File.OpenHandle(
            part, FileMode.Create, FileAccess.Write, FileShare.None, FileOptions.Asynchronous))
        {
            await RandomAccess.WriteAsync(file, content, 0, cancellationToken).ConfigureAwait(false);
            RandomAccess.FlushToDisk(file);
        }

        File.Move(part, path, overwrite: true);
    }

    private string FolderOf(string name)
    {
        SnapshotLimits.CheckName(name);
        return Path.Combine(_directory, name);
    }

    private string ChunksOf(string name) => Path.Combine(FolderOf(name), ChunksName);

    private string FileOf(string name, Sha256Digest digest) => Path.Combine(ChunksOf(name), digest.ToString());

    private T Guard<T>(Func<T> action)
    {
        try
        {
            return action();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unavailable(e);
        }
    }

    private async Task<T> GuardAsync<T>(Func<Task<T>> action)
    {
        try
        {
            return await action().ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unavailable(e);
        }
    }

    private StoreUnavailableException Unavailable(Exception e) =>
        new($"The snapshots in {_directory} cannot be read or written: {e.Message}", e);
}
