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
public sealed class FileObjectStore : IReplaceableObjectStore
{
    private readonly string _root;
    private readonly FileObjectLocks _locks;
    private readonly FileObjectAttributes _attributes;
    private readonly FileObjectWrites _writes;

    /// <summary>The objects of a folder, which is made when it is missing.</summary>
    /// <param name="folder">The folder; nobody else should write there.</param>
    /// <param name="timeProvider">What waits between two looks at a lock; the system's clock when null.</param>
    public FileObjectStore(string folder, TimeProvider? timeProvider = null)
        : this(folder, timeProvider, flushNames: null)
    {
    }

    internal FileObjectStore(string folder, TimeProvider? timeProvider, Action<string>? flushNames)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        _root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        var own = Path.Combine(_root, ".k1s0");
        _locks = new FileObjectLocks(Path.Combine(own, "locks"), timeProvider ?? TimeProvider.System);
        _attributes = new FileObjectAttributes(
            Path.Combine(own, "attributes"),
            new DurableFiles(Path.Combine(own, "parts"), new DirectorySync(_root, flushNames)));
        _writes = new FileObjectWrites(_root, _attributes, _locks);
    }

    /// <inheritdoc/>
    public Task<PutOutcome> PutIfAbsentAsync(
        ObjectKey key,
        ReadOnlyMemory<byte> content,
        ObjectAttributes? attributes = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(key);
        return cancellationToken.IsCancellationRequested
            ? Task.FromCanceled<PutOutcome>(cancellationToken)
            : _writes.PutIfAbsentAsync(key, content, attributes ?? ObjectAttributes.None, cancellationToken);
    }

    /// <inheritdoc/>
    public Task<bool> ReplaceAsync(
        ObjectKey key,
        Sha256Digest expected,
        ReadOnlyMemory<byte> content,
        ObjectAttributes? attributes = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(key);
        return _writes.ReplaceAsync(key, expected, content, attributes ?? ObjectAttributes.None, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<StoredObject?> GetAsync(
        ObjectKey key, long maxLength, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentOutOfRangeException.ThrowIfNegative(maxLength);
        if (await ReadAsync(key, maxLength, cancellationToken).ConfigureAwait(false) is not var (info, content))
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
            return await ReadAsync(key, maxLength, cancellationToken).ConfigureAwait(false) is var (again, whole)
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
            return new ObjectSlice(
                offset,
                await DurableFiles.ReadAsync(file, offset, length, cancellationToken).ConfigureAwait(false),
                objectLength);
        });
    }

    /// <inheritdoc/>
    public Task<ObjectInfo?> HeadAsync(ObjectKey key, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(key);
        return GuardedAsync(key, async () => File.Exists(PathOf(key))
            ? await InfoAsync(key, new FileInfo(PathOf(key)), content: null, cancellationToken).ConfigureAwait(false)
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
        return _writes.DeleteAsync(key, cancellationToken);
    }

    /// <inheritdoc/>
    public Task<bool> SetStorageClassAsync(
        ObjectKey key, StorageClass storageClass, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(key);
        return _writes.SetStorageClassAsync(key, storageClass, cancellationToken);
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

    private string PathOf(ObjectKey key) => _writes.PathOf(key);

    private Task<(ObjectInfo Info, ReadOnlyMemory<byte> Content)?> ReadAsync(
        ObjectKey key, long maxLength, CancellationToken cancellationToken) =>
        GuardedAsync<(ObjectInfo, ReadOnlyMemory<byte>)?>(key, async () =>
        {
            using var file = DurableFiles.TryOpen(PathOf(key));
            if (file is null)
            {
                return null;
            }

            var length = RandomAccess.GetLength(file);
            StoredObject.ThrowIfLonger(key, length, Math.Min(maxLength, Array.MaxLength));
            var content = await DurableFiles.ReadAsync(file, 0, (int)length, cancellationToken).ConfigureAwait(false);
            var info = await InfoAsync(key, new FileInfo(PathOf(key)), content, cancellationToken)
                .ConfigureAwait(false);
            return (info, content);
        });

    private async Task<ObjectInfo> InfoAsync(
        ObjectKey key, FileInfo file, byte[]? content, CancellationToken cancellationToken)
    {
        var known = await _attributes.ReadAsync(key, cancellationToken).ConfigureAwait(false);
        var digest = known?.Digest ?? default;
        if (known is { Former.IsNone: false })
        {
            // Replaced right now, or left by a crash in the middle: which one it holds is seen by looking.
            content ??= await File.ReadAllBytesAsync(file.FullName, cancellationToken).ConfigureAwait(false);
            digest = Sha256Digest.Of(content) == known.Former ? known.Former : digest;
        }

        return new ObjectInfo(
            key,
            content?.Length ?? file.Length,
            digest,
            known?.Attributes ?? ObjectAttributes.None,
            new DateTimeOffset(file.LastWriteTimeUtc, TimeSpan.Zero),
            default);
    }

    private async Task<TResult> GuardedAsync<TResult>(ObjectKey key, Func<Task<TResult>> read)
    {
        try
        {
            return await read().ConfigureAwait(false);
        }
        catch (Exception e) when (FileObjectWrites.IsOfSystem(e))
        {
            throw new StoreUnavailableException($"{key} in {_root} cannot be read: {e.Message}", e);
        }
    }
}
