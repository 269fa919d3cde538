using System.Net;
using Amazon.S3;
using K1s0.EventStore.Archive;
using K1s0.EventStore.Integrity;
using ObjectAttributes = K1s0.EventStore.Archive.ObjectAttributes;

namespace K1s0.EventStore.S3;

/// <summary>
/// Objects of a bucket: AWS, Ceph, or another server that keeps the conditions of puts. Thread-safe. The SDK's
/// client repeats requests that the network or the server failed, as it is configured.
/// </summary>
/// <remarks>
/// A server that ignores <c>If-None-Match</c> or <c>If-Match</c> breaks the promises of <see cref="IObjectStore"/> and
/// <see cref="IReplaceableObjectStore"/>, without anybody noticing. The first put finds that out, see
/// <see cref="S3Options.CheckServer"/>.
/// </remarks>
public sealed class S3ObjectStore : IReplaceableObjectStore
{
    // An ETag as they are; that of nothing that is put here.
    private const string OtherVersion = "00000000000000000000000000000000";

    private readonly IAmazonS3 _client;
    private readonly S3Options _options;
    private readonly S3Requests _requests;
    private readonly S3Writes _writes;
    private readonly S3ServerCheck _check;

    /// <summary>The objects of a bucket.</summary>
    /// <param name="client">The application's client, with its credentials, time limits and retries.</param>
    /// <param name="options">Bucket, prefix, encryption; not changed afterwards.</param>
    /// <param name="timeProvider">What waits before a put is tried again; the system's clock when null.</param>
    /// <exception cref="ArgumentException">An option cannot work; the message says which.</exception>
    public S3ObjectStore(IAmazonS3 client, S3Options options, TimeProvider? timeProvider = null)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(options);
        S3OptionsRules.ThrowIfWrong(options);
        timeProvider ??= TimeProvider.System;
        (_client, _options, _requests) = (client, options, new S3Requests(options));
        _writes = new S3Writes(client, _requests, options, timeProvider);
        _check = new S3ServerCheck(cancellationToken => CheckAsync(
            new ObjectKey($"{CheckPrefix}{Guid.CreateVersion7(timeProvider.GetUtcNow()):N}"), cancellationToken));
    }

    internal IAmazonS3 Client => _client;

    /// <summary>What the keys of the objects begin with by which the server is checked.</summary>
    public static string CheckPrefix => "k1s0-check/";

    /// <summary>
    /// Puts an object under a new key, and sees whether the server refuses to overwrite it: by a put on the condition
    /// that nothing is there, and by one on the condition that another version is. Then removes it. Costs three puts;
    /// the first put does it by itself unless <see cref="S3Options.CheckServer"/> is off.
    /// </summary>
    /// <param name="key">A key that is free and may be used.</param>
    /// <param name="cancellationToken">Gives up; the object may be left behind.</param>
    /// <returns>Whether the server keeps what is stored; false when it overwrites, and must not be used.</returns>
    /// <exception cref="WriteOutcomeUnknownException">The server failed: nobody knows.</exception>
    /// <exception cref="StoreOperationException">The server refuses puts.</exception>
    public async Task<bool> CheckAsync(ObjectKey key, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(key);
        await _writes.PutIfAbsentAsync(key, "first"u8.ToArray(), ObjectAttributes.None, cancellationToken)
            .ConfigureAwait(false);
        var second = await _writes.PutIfAbsentAsync(
            key, "second"u8.ToArray(), ObjectAttributes.None, cancellationToken).ConfigureAwait(false);
        var keeps = second is PutOutcome.Taken
            && !await _writes.IsReplacedAsync(key, "third"u8.ToArray(), OtherVersion, cancellationToken)
                .ConfigureAwait(false);
        try
        {
            await _writes.DeleteAsync(key, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is StoreOperationException or WriteOutcomeUnknownException)
        {
            // Whoever cannot remove leaves a few bytes behind, and knows the answer all the same.
        }

        return keeps;
    }

    /// <inheritdoc/>
    public async Task<PutOutcome> PutIfAbsentAsync(
        ObjectKey key,
        ReadOnlyMemory<byte> content,
        ObjectAttributes? attributes = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (_options.CheckServer)
        {
            await _check.EnsureAsync(cancellationToken).ConfigureAwait(false);
        }

        return await _writes.PutIfAbsentAsync(
            key, content, attributes ?? ObjectAttributes.None, cancellationToken).ConfigureAwait(false);
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
    public Task<StoredObject?> GetAsync(
        ObjectKey key, long maxLength, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentOutOfRangeException.ThrowIfNegative(maxLength);
        return ReadAsync(key, async () =>
        {
            var response = await _client.GetObjectAsync(_requests.Get(key), cancellationToken)
                .ConfigureAwait(false);
            var content = await S3Body.ReadAsync(key, response, maxLength, cancellationToken).ConfigureAwait(false);
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
                var response = await _client.GetObjectAsync(_requests.Get(key, range), cancellationToken)
                    .ConfigureAwait(false);
                return await S3Body.ReadSliceAsync(key, response, range, cancellationToken).ConfigureAwait(false);
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
            throw S3Errors.Cold(key, await HeadAsync(key, cancellationToken).ConfigureAwait(false), e);
        }
        catch (Exception e) when (S3Errors.IsOfBackend(e, cancellationToken))
        {
            throw S3Errors.OfRead(e, $"reading {key}");
        }
    }
}
