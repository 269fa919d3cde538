using System.Runtime.CompilerServices;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Archive;

/// <summary>
/// Objects as files of a folder, under the path that their key is. Thread-safe, and safe between the processes of one
/// machine; a network file system does not keep the locks that this needs.
/// </summary>
/// <remarks>
/// <para>What is stored besides the content lies in <c>.k1s0/attributes</c> under the same path, as JSON. A put writes
/// both aside, flushes them to the disk, and then gives them their names, the content's last, and flushes the names too
/// (where directories can be: not on Windows). So an object is there when its content is, and a crash at any instant
/// leaves at most attributes without content, which nobody sees and the next put replaces, and files in
/// <c>.k1s0/parts</c>, which nothing reads.</para>
/// <para>A storage class is remembered, and every object is read at once whatever its class is.</para>
/// </remarks>
public sealed class FileObjectStore : IObjectStore
{
    private readonly string _root;
    private readonly FileObjectLocks _locks;
    private readonly FileObjectAttributes _attributes;

    /// <summary>The objects of a folder, which is made when it is missing.</summary>
    /// <param name="folder">The folder; nobody else should write there.</param>
    /// <param name="timeProvider">What waits between two looks at a lock; the system's clock when null.</param>
    public FileObjectStore(string folder, TimeProvider? timeProvider = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        _root = Path.GetFullPath(folder);
        var own = Path.Combine(_root, ".k1s0");
        _locks = new FileObjectLocks(Path.Combine(own, "locks"), timeProvider ?? TimeProvider.System);
        _attributes = new FileObjectAttributes(
            Path.Combine(own, "attributes"), new DurableFiles(Path.Combine(own, "parts")));
    }

    /// <inheritdoc/>
    public async Task<PutOutcome> PutIfAbsentAsync(
        ObjectKey key,
        ReadOnlyMemory<byte> content,
        ObjectAttributes? attributes = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(key);
        cancellationToken.ThrowIfCancellationRequested();
        var path = PathOf(key);
        var digest = Sha256Digest.Of(content.Span);
        var named = false;
        try
        {
            if (File.Exists(path))
            {
                return await CompareAsync(key, path, digest, cancellationToken).ConfigureAwait(false);
            }

            var part = await _attributes.Files.WriteAsideAsync(content, cancellationToken).ConfigureAwait(false);
            try
            {
                using var held = await _locks.TakeAsync(key, cancellationToken).ConfigureAwait(false);
                if (File.Exists(path))
                {
                    return await CompareAsync(key, path, digest, cancellationToken).ConfigureAwait(false);
                }

                // From here on to the end, or a crash.
                await _attributes.WriteAsync(key, digest, attributes ?? ObjectAttributes.None, CancellationToken.None)
                    .ConfigureAwait(false);
                DurableFiles.CreateFolder(Path.GetDirectoryName(path)!);
                File.Move(part, path, overwrite: false);
                named = true;
                DurableFiles.FlushNames(Path.GetDirectoryName(path)!);
                return PutOutcome.Stored;
            }
            finally
            {
                File.Delete(part);
            }
        }
        catch (Exception e) when (IsOfSystem(e))
        {
            throw named
                ? new WriteOutcomeUnknownException($"{key} has its name, which could not be flushed: {e.Message}", e)
                : Refused($"{key} was not stored", e);
        }
    }

    /// <inheritdoc/>
    public async Task<StoredObject?> GetAsync(ObjectKey key, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (await ReadAsync(key, cancellationToken).ConfigureAwait(false) is not var (info, content))
        {
            return null;
        }

        try
        {
            return new StoredObject(info, content);
        }
        catch (ObjectDamagedException)
        {
            // Or it was removed and another one put while this read: under the lock nobody does.
            using var held = await GuardedAsync(key, () => _locks.TakeAsync(key, cancellationToken))
                .ConfigureAwait(false);
            return await ReadAsync(key, cancellationToken).ConfigureAwait(false) is var (again, whole)
                ? new StoredObject(again, whole)
                : null;
        }
    }

    /// <inheritdoc/>
    public Task<ObjectSlice?> GetRangeAsync(
        ObjectKey key, ObjectRange range, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(key);
        return GuardedAsync(key, async () =>
        {
            using var file = DurableFiles.TryOpen(PathOf(key));
            if (file is null)
            {
                return null;
            }

            var objectLength = RandomAccess.GetLength(file);
            var (offset, length) = range.Within(objectLength);
            var content = new byte[length];
            var read = 0;
            while (read < length)
            {
                var more = await RandomAccess.ReadAsync(file, content.AsMemory(read), offset + read, cancellationToken)
                    .ConfigureAwait(false);
                read += more > 0 ? more : throw new EndOfStreamException($"{key} became shorter.");
            }

            return new ObjectSlice(offset, content, objectLength);
        });
    }

    /// <inheritdoc/>
    public Task<ObjectInfo?> HeadAsync(ObjectKey key, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(key);
        return GuardedAsync(key, async () => File.Exists(PathOf(key))
            ? await InfoAsync(key, new FileInfo(PathOf(key)), cancellationToken).ConfigureAwait(false)
            : null);
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<ObjectEntry> ListAsync(
        string prefix = "", ObjectKey? after = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        return ListFilesAsync(new FileObjectListing(_root, prefix, after), cancellationToken);
    }

    /// <inheritdoc/>
    public Task DeleteAsync(ObjectKey key, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(key);
        return ChangeAsync(key, path =>
        {
            File.Delete(path);
            DurableFiles.FlushNames(Path.GetDirectoryName(path)!);
            _attributes.Delete(key);
            return Task.FromResult(true);
        }, cancellationToken);
    }

    /// <inheritdoc/>
    public Task<bool> SetStorageClassAsync(
        ObjectKey key, StorageClass storageClass, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(key);
        return ChangeAsync(key, async path =>
        {
            var info = await InfoAsync(key, new FileInfo(path), CancellationToken.None).ConfigureAwait(false);
            await _attributes.WriteAsync(
                key,
                info.Digest,
                new ObjectAttributes(info.Attributes.Metadata, storageClass),
                CancellationToken.None).ConfigureAwait(false);
            return true;
        }, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<Restoration?> RestoreAsync(
        ObjectKey key, RestoreRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        return (await HeadAsync(key, cancellationToken).ConfigureAwait(false))?.Restoration;
    }

    private static async IAsyncEnumerable<ObjectEntry> ListFilesAsync(
        FileObjectListing listing, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // The folders are read on a thread of the pool, one page at a time.
        using var entries = listing.Read().GetEnumerator();
        while (true)
        {
            var page = await Task.Run(() => FileObjectListing.NextPage(entries), cancellationToken)
                .ConfigureAwait(false);
            foreach (var entry in page)
            {
                cancellationToken.ThrowIfCancellationRequested();
                yield return entry;
            }

            if (page.Count == 0)
            {
                yield break;
            }
        }
    }

    private static bool IsOfSystem(Exception e) => e is IOException or UnauthorizedAccessException;

    private static StoreOperationException Refused(string what, Exception e) => new($"{what}: {e.Message}", e);

    private string PathOf(ObjectKey key) => Path.Combine(_root, key.Value);

    private async Task<PutOutcome> CompareAsync(
        ObjectKey key, string path, Sha256Digest digest, CancellationToken cancellationToken)
    {
        var stored = await _attributes.ReadAsync(key, cancellationToken).ConfigureAwait(false) is { } known
            ? known.Digest
            : Sha256Digest.Of(await File.ReadAllBytesAsync(path, cancellationToken).ConfigureAwait(false));

        // A name that a crash left unflushed is flushed now.
        DurableFiles.FlushNames(Path.GetDirectoryName(path)!);
        return stored == digest ? PutOutcome.AlreadyStored : PutOutcome.Taken;
    }

    private Task<(ObjectInfo Info, ReadOnlyMemory<byte> Content)?> ReadAsync(
        ObjectKey key, CancellationToken cancellationToken) => GuardedAsync<(ObjectInfo, ReadOnlyMemory<byte>)?>(
        key,
        async () =>
        {
            try
            {
                var file = new FileInfo(PathOf(key));
                var content = await File.ReadAllBytesAsync(file.FullName, cancellationToken).ConfigureAwait(false);
                return (await InfoAsync(key, file, cancellationToken).ConfigureAwait(false), content);
            }
            catch (Exception e) when (DurableFiles.IsMissing(e))
            {
                return null;
            }
        });

    private async Task<ObjectInfo> InfoAsync(ObjectKey key, FileInfo file, CancellationToken cancellationToken)
    {
        var known = await _attributes.ReadAsync(key, cancellationToken).ConfigureAwait(false);
        return new ObjectInfo(
            key,
            file.Length,
            known?.Digest ?? default,
            known?.Attributes ?? ObjectAttributes.None,
            new DateTimeOffset(file.LastWriteTimeUtc, TimeSpan.Zero),
            default);
    }

    private async Task<bool> ChangeAsync(
        ObjectKey key, Func<string, Task<bool>> change, CancellationToken cancellationToken)
    {
        try
        {
            using var held = await _locks.TakeAsync(key, cancellationToken).ConfigureAwait(false);
            return File.Exists(PathOf(key)) && await change(PathOf(key)).ConfigureAwait(false);
        }
        catch (UnauthorizedAccessException e)
        {
            throw Refused($"{key} was not changed", e);
        }
        catch (IOException e)
        {
            throw new WriteOutcomeUnknownException($"{key}: {e.Message}", e);
        }
    }

    private async Task<TResult> GuardedAsync<TResult>(ObjectKey key, Func<Task<TResult>> read)
    {
        try
        {
            return await read().ConfigureAwait(false);
        }
        catch (Exception e) when (IsOfSystem(e))
        {
            throw new StoreUnavailableException($"{key} in {_root} cannot be read: {e.Message}", e);
        }
    }
}
