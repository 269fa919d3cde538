using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Archive;

/// <summary>
/// Puts, replaces and removes the files of objects, one at a time for a key. Content and attributes are two files, so
/// each change says here what a crash in the middle leaves.
/// </summary>
internal sealed class FileObjectWrites(string root, FileObjectAttributes attributes, FileObjectLocks locks)
{
    public static bool IsOfSystem(Exception e) => e is IOException or UnauthorizedAccessException;

    public string PathOf(ObjectKey key) => Path.Combine(root, key.Value);

    public async Task<PutOutcome> PutIfAbsentAsync(
        ObjectKey key,
        ReadOnlyMemory<byte> content,
        ObjectAttributes given,
        CancellationToken cancellationToken)
    {
        var (path, digest) = (PathOf(key), Sha256Digest.Of(content.Span));
        var named = false;
        string? part = null;
        try
        {
            // What seems to be there need not be written aside.
            part = File.Exists(path) ? null : await AsideAsync(content, cancellationToken).ConfigureAwait(false);
            using var held = await locks.TakeAsync(key, cancellationToken).ConfigureAwait(false);
            if (File.Exists(path))
            {
                return await CompareAsync(key, path, digest, cancellationToken).ConfigureAwait(false);
            }

            part ??= await AsideAsync(content, cancellationToken).ConfigureAwait(false);

            // From here on to the end, or a crash, which leaves attributes without content at most.
            await attributes.WriteAsync(
                key, new FileObjectAttributes.Stored(digest, default, given), CancellationToken.None)
                .ConfigureAwait(false);
            attributes.Files.Name(part, path, overwrite: false);
            named = true;
            attributes.Files.FlushName(path);
            return PutOutcome.Stored;
        }
        catch (Exception e) when (IsOfSystem(e))
        {
            throw named
                ? new WriteOutcomeUnknownException($"{key} has its name, which could not be flushed: {e.Message}", e)
                : Refused($"{key} was not stored", e);
        }
        finally
        {
            if (part is not null)
            {
                File.Delete(part);
            }
        }
    }

    /// <summary>
    /// The attributes name both contents while the file changes, so a crash leaves either, with its digest.
    /// </summary>
    public Task<bool> ReplaceAsync(
        ObjectKey key,
        Sha256Digest expected,
        ReadOnlyMemory<byte> content,
        ObjectAttributes given,
        CancellationToken cancellationToken) => ChangeAsync(
        key,
        async path =>
        {
            if (!File.Exists(path))
            {
                return false;
            }

            var digest = Sha256Digest.Of(content.Span);
            var present = Sha256Digest.Of(
                await File.ReadAllBytesAsync(path, cancellationToken).ConfigureAwait(false));
            if (present != expected && present != digest)
            {
                return false;
            }

            if (present != digest)
            {
                var part = await AsideAsync(content, cancellationToken).ConfigureAwait(false);
                await attributes.WriteAsync(
                    key, new FileObjectAttributes.Stored(digest, present, given), CancellationToken.None)
                    .ConfigureAwait(false);
                attributes.Files.Name(part, path, overwrite: true);
            }

            // A name that a crash left unflushed is flushed now.
            attributes.Files.FlushName(path);
            await attributes.WriteAsync(
                key, new FileObjectAttributes.Stored(digest, default, given), CancellationToken.None)
                .ConfigureAwait(false);
            return true;
        },
        cancellationToken);

    public Task<bool> DeleteAsync(ObjectKey key, CancellationToken cancellationToken) => ChangeAsync(
        key,
        path =>
        {
            if (Directory.Exists(Path.GetDirectoryName(path)))
            {
                // Flushed even when it is gone: whoever removed it may not have come so far.
                File.Delete(path);
                attributes.Files.FlushName(path);
            }

            attributes.Delete(key);
            return Task.FromResult(true);
        },
        cancellationToken);

    public Task<bool> SetStorageClassAsync(
        ObjectKey key, StorageClass storageClass, CancellationToken cancellationToken) => ChangeAsync(
        key,
        async path =>
        {
            if (!File.Exists(path))
            {
                return false;
            }

            var stored = await attributes.ReadAsync(key, cancellationToken).ConfigureAwait(false)
                ?? new FileObjectAttributes.Stored(default, default, ObjectAttributes.None);
            await attributes.WriteAsync(
                key,
                stored with { Attributes = new ObjectAttributes(stored.Attributes.Metadata, storageClass) },
                CancellationToken.None).ConfigureAwait(false);
            return true;
        },
        cancellationToken);

    private static StoreOperationException Refused(string what, Exception e) => new($"{what}: {e.Message}", e);

    private Task<string> AsideAsync(ReadOnlyMemory<byte> content, CancellationToken cancellationToken) =>
        attributes.Files.WriteAsideAsync(content, cancellationToken);

    private async Task<PutOutcome> CompareAsync(
        ObjectKey key, string path, Sha256Digest digest, CancellationToken cancellationToken)
    {
        var known = await attributes.ReadAsync(key, cancellationToken).ConfigureAwait(false);
        var stored = known is { Former.IsNone: true }
            ? known.Digest
            : Sha256Digest.Of(await File.ReadAllBytesAsync(path, cancellationToken).ConfigureAwait(false));

        // Names that a crash left unflushed are flushed now.
        attributes.Files.Names.Create(Path.GetDirectoryName(path)!);
        attributes.Files.FlushName(path);
        return stored == digest ? PutOutcome.AlreadyStored : PutOutcome.Taken;
    }

    private async Task<bool> ChangeAsync(
        ObjectKey key, Func<string, Task<bool>> change, CancellationToken cancellationToken)
    {
        try
        {
            using var held = await locks.TakeAsync(key, cancellationToken).ConfigureAwait(false);
            return await change(PathOf(key)).ConfigureAwait(false);
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
}
