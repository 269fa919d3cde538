using System.Net;
using Amazon.S3;
using K1s0.EventStore.Archive;
using K1s0.EventStore.Integrity;
using ObjectAttributes = K1s0.EventStore.Archive.ObjectAttributes;

namespace K1s0.EventStore.S3;

/// <summary>
/// Objects of a bucket: AWS, Ceph, or another server that keeps <c>If-None-Match</c> on puts. Thread-safe. The SDK's
/// client repeats requests that the network or the server failed, as it is configured.
/// </summary>
/// <remarks>
/// A server that ignores <c>If-None-Match</c> breaks the promise of <see cref="IObjectStore"/> that nothing is
/// overwritten, without anybody noticing. <see cref="CheckAsync"/> finds that out.
/// </remarks>
public sealed class S3ObjectStore : IObjectStore
{
    private static readonly TimeSpan ConflictWait = TimeSpan.FromMilliseconds(50);

    private readonly IAmazonS3 _client;
    private readonly S3Options _options;
    private readonly S3Requests _requests;
    private readonly TimeProvider _timeProvider;

    /// <summary>The objects of a bucket.</summary>
    /// <param name="client">The application's client, with its credentials, time limits and retries.</param>
    /// <param name="options">Bucket, prefix, encryption; not changed afterwards.</param>
    /// <param name="timeProvider">What waits before a put is tried again; the system's clock when null.</param>
    public S3ObjectStore(IAmazonS3 client, S3Options options, TimeProvider? timeProvider = null)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(options);
        (_client, _options, _timeProvider) = (client, options, timeProvider ?? TimeProvider.System);
        _requests = new S3Requests(options);
    }

    /// <summary>
    /// Puts two objects under one new key and sees whether the server refuses the second, then removes it. Costs two
    /// puts; worth it once for each server that is not known.
    /// </summary>
    /// <param name="key">A key that is free and may be used.</param>
    /// <param name="cancellationToken">Gives up; the object may be left behind.</param>
    /// <returns>Whether the server keeps what is stored; false when it overwrites, and must not be used.</returns>
    public async Task<bool> CheckAsync(ObjectKey key, CancellationToken cancellationToken = default)
    {
        await PutIfAbsentAsync(key, "first"u8.ToArray(), cancellationToken: cancellationToken).ConfigureAwait(false);
        var second = await PutIfAbsentAsync(key, "second"u8.ToArray(), cancellationToken: cancellationToken)
            .ConfigureAwait(false);
        await DeleteAsync(key, cancellationToken).ConfigureAwait(false);
        return second is PutOutcome.Taken;
    }

    /// <inheritdoc/>
    public async Task<PutOutcome> PutIfAbsentAsync(
        ObjectKey key,
        ReadOnlyMemory<byte> content,
        ObjectAttributes? attributes = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(key);
        var digest = Sha256Digest.Of(content.Span);
        for (var conflicts = 0; ; conflicts++)
        {
            try
            {
                await _client.PutObjectAsync(
                    _requests.Put(key, content, digest, attributes ?? ObjectAttributes.None), cancellationToken)
                    .ConfigureAwait(false);
                return PutOutcome.Stored;
            }
            catch (AmazonS3Exception e) when (e.StatusCode is HttpStatusCode.PreconditionFailed)
            {
                // Taken by another one, or by this very put, whose answer was lost before the client repeated it.
                if (await CompareAsync(key, digest, cancellationToken).ConfigureAwait(false) is { } outcome)
                {
                    return outcome;
                }

                // Removed in between: free again.
                if (conflicts >= _options.MaxConflictRetries)
                {
                    throw S3Errors.OfWrite(e, $"{key} was there and was not, again and again");
                }
            }
            catch (AmazonS3Exception e) when (S3Errors.IsConflict(e) && conflicts < _options.MaxConflictRetries)
            {
                await Task.Delay(ConflictWait * (1 << Math.Min(conflicts, 5)), _timeProvider, cancellationToken)
                    .ConfigureAwait(false);
            }
            catch (Exception e) when (S3Errors.IsOfBackend(e, cancellationToken))
            {
                throw S3Errors.OfWrite(e, $"putting {key}");
            }
        }
    }

    /// <inheritdoc/>
    public Task<StoredObject?> GetAsync(ObjectKey key, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(key);
        return ReadAsync(key, async () =>
        {
            using var response = await _client.GetObjectAsync(_requests.Get(key), cancellationToken)
                .ConfigureAwait(false);
            var content = await S3Body.ReadAsync(response, cancellationToken).ConfigureAwait(false);
            return new StoredObject(_requests.Info(key, response), content);
        }, cancellationToken);
    }

    /// <inheritdoc/>
    public Task<ObjectSlice?> GetRangeAsync(
        ObjectKey key, ObjectRange range, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(key);
        return ReadAsync(key, async () =>
        {
            try
            {
                using var response = await _client.GetObjectAsync(_requests.Get(key, range), cancellationToken)
                    .ConfigureAwait(false);
                return await S3Body.ReadSliceAsync(response, range, cancellationToken).ConfigureAwait(false);
            }
            catch (AmazonS3Exception e) when (e.StatusCode is HttpStatusCode.RequestedRangeNotSatisfiable)
            {
                // Behind the end, wherever that is; or any range of an empty object.
                var response = await _client.GetObjectMetadataAsync(_requests.Head(key), cancellationToken)
                    .ConfigureAwait(false);
                return new ObjectSlice(response.ContentLength, ReadOnlyMemory<byte>.Empty, response.ContentLength);
            }
        }, cancellationToken);
    }

    /// <inheritdoc/>
    public Task<ObjectInfo?> HeadAsync(ObjectKey key, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(key);
        return ReadAsync(
            key,
            async () => _requests.Info(
                key,
                await _client.GetObjectMetadataAsync(_requests.Head(key), cancellationToken).ConfigureAwait(false)),
            cancellationToken);
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<ObjectEntry> ListAsync(
        string prefix = "", ObjectKey? after = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        return S3Listing.ReadAsync(_client, _requests, prefix, after, cancellationToken);
    }

    /// <inheritdoc/>
    public Task DeleteAsync(ObjectKey key, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(key);
        return WriteAsync(
            $"removing {key}",
            async () => await _client.DeleteObjectAsync(_requests.Delete(key), cancellationToken).ConfigureAwait(false)
                is not null,
            cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<bool> SetStorageClassAsync(
        ObjectKey key, StorageClass storageClass, CancellationToken cancellationToken = default)
    {
        if (await HeadAsync(key, cancellationToken).ConfigureAwait(false) is not { } info)
        {
            return false;
        }

        if (info.Attributes.StorageClass == storageClass)
        {
            return true;
        }

        return await WriteAsync(
            $"moving {key}",
            async () =>
            {
                try
                {
                    await _client.CopyObjectAsync(_requests.Move(key, info, storageClass), cancellationToken)
                        .ConfigureAwait(false);
                    return true;
                }
                catch (AmazonS3Exception e) when (S3Errors.IsAbsent(e))
                {
                    return false;
                }
                catch (AmazonS3Exception e) when (S3Errors.IsCold(e))
                {
                    throw Cold(key, info, e);
                }
            },
            cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task<Restoration?> RestoreAsync(
        ObjectKey key, RestoreRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        var info = await HeadAsync(key, cancellationToken).ConfigureAwait(false);
        if (info is null or { Restoration.State: RestorationState.NotNeeded })
        {
            return info?.Restoration;
        }

        try
        {
            await _client.RestoreObjectAsync(_requests.Restore(key, request), cancellationToken).ConfigureAwait(false);
        }
        catch (AmazonS3Exception e) when (e.StatusCode is HttpStatusCode.Conflict)
        {
            // It was asked for before.
        }
        catch (Exception e) when (S3Errors.IsOfBackend(e, cancellationToken))
        {
            throw S3Errors.OfRead(e, $"restoring {key}");
        }

        return (await HeadAsync(key, cancellationToken).ConfigureAwait(false))?.Restoration;
    }

    private static RestoreRequiredException Cold(ObjectKey key, ObjectInfo? info, AmazonS3Exception e) => new(
        key.Value,
        info?.Restoration.State is RestorationState.UnderWay,
        info is null ? null : RestoreRequest.Estimate(info.Attributes.StorageClass, RestorePriority.Standard),
        e);

    private async Task<PutOutcome?> CompareAsync(
        ObjectKey key, Sha256Digest digest, CancellationToken cancellationToken)
    {
        try
        {
            return await HeadAsync(key, cancellationToken).ConfigureAwait(false) switch
            {
                null => null,
                var found => found.Digest == digest ? PutOutcome.AlreadyStored : PutOutcome.Taken,
            };
        }
        catch (StoreUnavailableException e)
        {
            throw new WriteOutcomeUnknownException($"{key} is there, and nobody could see whose it is", e);
        }
    }

    private async Task<TResult?> ReadAsync<TResult>(
        ObjectKey key, Func<Task<TResult>> read, CancellationToken cancellationToken)
        where TResult : class
    {
        try
        {
            return await read().ConfigureAwait(false);
        }
        catch (AmazonS3Exception e) when (S3Errors.IsAbsent(e))
        {
            return null;
        }
        catch (AmazonS3Exception e) when (S3Errors.IsCold(e))
        {
            throw Cold(key, await HeadAsync(key, cancellationToken).ConfigureAwait(false), e);
        }
        catch (Exception e) when (S3Errors.IsOfBackend(e, cancellationToken))
        {
            throw S3Errors.OfRead(e, $"reading {key}");
        }
    }

    private static async Task<bool> WriteAsync(
        string what, Func<Task<bool>> write, CancellationToken cancellationToken)
    {
        try
        {
            return await write().ConfigureAwait(false);
        }
        catch (Exception e) when (S3Errors.IsOfBackend(e, cancellationToken))
        {
            throw S3Errors.OfWrite(e, what);
        }
    }
}
