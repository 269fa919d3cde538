using Amazon.S3;
using Amazon.S3.Model;
using K1s0.EventStore.Archive;
using K1s0.EventStore.Integrity;
using ObjectAttributes = K1s0.EventStore.Archive.ObjectAttributes;

namespace K1s0.EventStore.S3;

/// <summary>
/// Changes objects on conditions: a put on absence, a replacement and a move on the version (ETag) that was seen. When
/// another one came in between, it looks again, a limited number of times.
/// </summary>
internal sealed class S3Writes(IAmazonS3 client, S3Requests requests, S3Options options, TimeProvider timeProvider)
{
    private static readonly TimeSpan ConflictWait = TimeSpan.FromMilliseconds(50);

    public async Task<PutOutcome> PutIfAbsentAsync(
        ObjectKey key, ReadOnlyMemory<byte> content, ObjectAttributes attributes, CancellationToken cancellationToken)
    {
        var digest = Sha256Digest.Of(content.Span);
        PutOutcome? outcome = null;
        await TryAsync(
            $"putting {key}",
            async () =>
            {
                if (await PutAsync(requests.Put(key, content, digest, attributes), cancellationToken)
                    .ConfigureAwait(false))
                {
                    outcome = PutOutcome.Stored;
                    return true;
                }

                // Taken by another one, or by this very put, whose answer was lost before the client repeated it. Not
                // there: it was removed in between, and the key is free again.
                if (await LookAsync(key, cancellationToken).ConfigureAwait(false) is { } found)
                {
                    outcome = found.Info.Digest == digest ? PutOutcome.AlreadyStored : PutOutcome.Taken;
                    return true;
                }

                return false;
            },
            cancellationToken).ConfigureAwait(false);
        return outcome!.Value;
    }

    public async Task<bool> ReplaceAsync(
        ObjectKey key,
        Sha256Digest expected,
        ReadOnlyMemory<byte> content,
        ObjectAttributes attributes,
        CancellationToken cancellationToken)
    {
        var digest = Sha256Digest.Of(content.Span);
        var replaced = false;
        await TryAsync(
            $"replacing {key}",
            async () =>
            {
                var found = await LookAsync(key, cancellationToken).ConfigureAwait(false);
                replaced = found?.Info.Digest == digest;
                if (replaced || found?.Info.Digest != expected)
                {
                    return true;
                }

                var request = requests.Put(key, content, digest, attributes);
                (request.IfNoneMatch, request.IfMatch) = (null, found.Value.Version);
                return replaced = await PutAsync(request, cancellationToken).ConfigureAwait(false);
            },
            cancellationToken).ConfigureAwait(false);
        return replaced;
    }

    /// <summary>Whether a put on the condition of a version goes through; not where the server refuses such.</summary>
    public async Task<bool> IsReplacedAsync(
        ObjectKey key, ReadOnlyMemory<byte> content, string version, CancellationToken cancellationToken)
    {
        var request = requests.Put(key, content, Sha256Digest.Of(content.Span), ObjectAttributes.None);
        (request.IfNoneMatch, request.IfMatch) = (null, version);
        try
        {
            return await PutAsync(request, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (S3Errors.IsOfBackend(e, cancellationToken))
        {
            var shown = S3Errors.OfWrite(e, $"putting {key}");
            return shown is StoreOperationException ? false : throw shown;
        }
    }

    public async Task<bool> SetStorageClassAsync(
        ObjectKey key, Archive.StorageClass storageClass, CancellationToken cancellationToken)
    {
        var moved = false;
        await TryAsync(
            $"moving {key}",
            async () =>
            {
                var found = await LookAsync(key, cancellationToken).ConfigureAwait(false);
                moved = found is { } there
                    && requests.IsSameClass(there.Info.Attributes.StorageClass, storageClass);
                if (moved || found is not var (info, version))
                {
                    return true;
                }

                try
                {
                    return moved = options.ConditionalCopies
                        ? await CopyAsync(requests.Move(key, info, version, storageClass), cancellationToken)
                            .ConfigureAwait(false)
                        : await PutAgainAsync(key, storageClass, cancellationToken).ConfigureAwait(false);
                }
                catch (AmazonS3Exception e) when (S3Errors.IsAbsent(e) || S3Errors.IsOtherVersion(e))
                {
                    return false;
                }
                catch (AmazonS3Exception e) when (S3Errors.IsCold(e))
                {
                    throw S3Errors.Cold(key, info, e);
                }
            },
            cancellationToken).ConfigureAwait(false);
        return moved;
    }

    public async Task DeleteAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        try
        {
            await client.DeleteObjectAsync(requests.Delete(key), cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (S3Errors.IsOfBackend(e, cancellationToken))
        {
            throw S3Errors.OfWrite(e, $"removing {key}");
        }
    }

    private async Task<bool> CopyAsync(CopyObjectRequest request, CancellationToken cancellationToken)
    {
        await client.CopyObjectAsync(request, cancellationToken).ConfigureAwait(false);
        return true;
    }

    // What was read, and its digest fits, is put again where it was, if it is still that.
    private async Task<bool> PutAgainAsync(
        ObjectKey key, Archive.StorageClass storageClass, CancellationToken cancellationToken)
    {
        var response = await client.GetObjectAsync(requests.Get(key), cancellationToken).ConfigureAwait(false);
        var read = new StoredObject(
            requests.Info(key, response),
            await S3Body.ReadAsync(key, response, Array.MaxLength, cancellationToken).ConfigureAwait(false));
        var attributes = new ObjectAttributes(read.Info.Attributes.Metadata, storageClass);
        var request = requests.Put(key, read.Content, read.Info.Digest, attributes);
        (request.IfNoneMatch, request.IfMatch) = (null, Version(response.ETag));
        return await PutAsync(request, cancellationToken).ConfigureAwait(false);
    }

    // Without quotation marks, as Ceph wants it and others take it.
    private static string Version(string? tag) =>
        tag?.Trim('"') ?? throw new IOException("The server answered without a version (ETag).");

    // False: the condition is not met.
    private async Task<bool> PutAsync(PutObjectRequest request, CancellationToken cancellationToken)
    {
        try
        {
            await client.PutObjectAsync(request, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (AmazonS3Exception e) when (S3Errors.IsOtherVersion(e)
            || (request.IfMatch is not null && S3Errors.IsAbsent(e)))
        {
            return false;
        }
    }

    // The version that a change is bound to; null when there is no object.
    private async Task<(ObjectInfo Info, string Version)?> LookAsync(
        ObjectKey key, CancellationToken cancellationToken)
    {
        try
        {
            var response = await client.GetObjectMetadataAsync(requests.Head(key), cancellationToken)
                .ConfigureAwait(false);
            return (requests.Info(key, response), Version(response.ETag));
        }
        catch (AmazonS3Exception e) when (S3Errors.IsAbsent(e))
        {
            return null;
        }
    }

    // Tries until the change says that it is settled.
    private async Task TryAsync(string what, Func<Task<bool>> change, CancellationToken cancellationToken)
    {
        for (var conflicts = 0; ; conflicts++)
        {
            try
            {
                if (await change().ConfigureAwait(false))
                {
                    return;
                }

                if (conflicts >= options.MaxConflictRetries)
                {
                    throw new WriteOutcomeUnknownException($"{what} met others, again and again");
                }
            }
            catch (AmazonS3Exception e) when (S3Errors.IsConflict(e) && conflicts < options.MaxConflictRetries)
            {
                await Task.Delay(ConflictWait * (1 << Math.Min(conflicts, 5)), timeProvider, cancellationToken)
                    .ConfigureAwait(false);
            }
            catch (Exception e) when (S3Errors.IsOfBackend(e, cancellationToken))
            {
                throw S3Errors.OfWrite(e, what);
            }
        }
    }
}
