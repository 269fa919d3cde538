namespace K1s0.EventStore;

/// <summary>
/// A log that is published to a directory: to be served as static files, copied, or read with
/// <see cref="Integrity.DirectoryTileReader"/>. Thread-safe, and safe between the processes of one machine.
/// </summary>
/// <remarks>
/// Every file is written aside, flushed to the disk, and then given its name, and the name is flushed too (where
/// directories can be: not on Windows). A crash leaves at most files that end in <c>.part</c>, which nothing reads.
/// </remarks>
public sealed class DirectoryPublishedLog : IPublishedLog
{
    private const string CheckpointName = "checkpoint";
    private const string LockName = "checkpoint.lock";

    private readonly string _directory;
    private readonly DirectorySync _sync;

    /// <summary>A log in a directory, which is made when it is missing.</summary>
    /// <param name="directory">The folder that holds <c>checkpoint</c> and <c>tile</c>.</param>
    public DirectoryPublishedLog(string directory)
        : this(directory, flushNames: null)
    {
    }

    internal DirectoryPublishedLog(string directory, Action<string>? flushNames)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        _directory = Path.TrimEndingDirectorySeparator(Path.GetFullPath(directory));
        _sync = new DirectorySync(_directory, flushNames);
    }

    /// <inheritdoc/>
    /// <exception cref="StoreUnavailableException">The file is there and cannot be read.</exception>
    public Task<ReadOnlyMemory<byte>?> ReadCheckpointAsync(CancellationToken cancellationToken) => GuardedAsync(
        CheckpointName, () => TryReadAsync(Path.Combine(_directory, CheckpointName), cancellationToken));

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The path leads out of the log.</exception>
    public Task<bool> PutAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        var file = FileOf(path);
        return GuardedAsync(path, () => PutFileAsync(file, content, cancellationToken));
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The path leads out of the log.</exception>
    public Task RemovePartialsAsync(string path, CancellationToken cancellationToken)
    {
        var folder = FileOf(path) + ".p";
        return GuardedAsync(path, () =>
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (Directory.Exists(folder))
            {
                Directory.Delete(folder, recursive: true);
            }

            return Task.FromResult(true);
        });
    }

    /// <inheritdoc/>
    public Task<bool> ReplaceCheckpointAsync(
        ReadOnlyMemory<byte>? expected, ReadOnlyMemory<byte> checkpoint, CancellationToken cancellationToken) =>
        GuardedAsync(
            CheckpointName,
            async () =>
            {
                _sync.Create(_directory);

                // One at a time between processes: whoever comes second is told so by the exception of the system.
                var guard = new FileStream(
                    Path.Combine(_directory, LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
                await using (guard.ConfigureAwait(false))
                {
                    var path = Path.Combine(_directory, CheckpointName);
                    var found = await TryReadAsync(path, cancellationToken).ConfigureAwait(false);
                    if (found.HasValue != expected.HasValue
                        || !found.GetValueOrDefault().Span.SequenceEqual(expected.GetValueOrDefault().Span))
                    {
                        return false;
                    }

                    var part = await WriteAsideAsync(path, checkpoint, cancellationToken).ConfigureAwait(false);
                    File.Move(part, path, overwrite: true);
                    _sync.Flush(_directory);
                    return true;
                }
            });

    private async Task<bool> PutFileAsync(
        string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        var folder = Path.GetDirectoryName(path)!;
        _sync.Create(folder);
        if (await TryReadAsync(path, cancellationToken).ConfigureAwait(false) is { } found)
        {
            // A name that a crash left unflushed is flushed now.
            _sync.Flush(folder);
            return found.Span.SequenceEqual(content.Span);
        }

        var part = await WriteAsideAsync(path, content, cancellationToken).ConfigureAwait(false);
        try
        {
            File.Move(part, path, overwrite: false);
        }
        catch (IOException) when (File.Exists(path))
        {
            // Somebody else put it in the meantime.
            File.Delete(part);
            return await PutFileAsync(path, content, cancellationToken).ConfigureAwait(false);
        }

        _sync.Flush(folder);
        return true;
    }

    private static async Task<string> WriteAsideAsync(
        string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        var part = $"{path}.{Path.GetRandomFileName()}.part";
        var file = new FileStream(
            part,
            new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                Options = FileOptions.Asynchronous,
                BufferSize = 0,
            });
        await using (file.ConfigureAwait(false))
        {
            await file.WriteAsync(content, cancellationToken).ConfigureAwait(false);
            file.Flush(flushToDisk: true);
        }

        return part;
    }

    private static async Task<ReadOnlyMemory<byte>?> TryReadAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            return await File.ReadAllBytesAsync(path, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    private string FileOf(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return Path.IsPathRooted(path) || path.Split('/').Any(part => part is "" or "." or "..")
            ? throw new ArgumentException($"'{path}' is no path within a log.", nameof(path))
            : Path.Combine(_directory, path);
    }

    private async Task<TResult> GuardedAsync<TResult>(string path, Func<Task<TResult>> action)
    {
        try
        {
            return await action().ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StoreUnavailableException(
                $"The published log in {_directory} cannot be read or written at {path}: {e.Message}", e);
        }
    }
}
