using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Archive;

/// <summary>
/// A log that is published into an object store, in the layout of C2SP tlog-tiles: a bucket that serves its objects, or
/// a folder, is all that outsiders need. Thread-safe, and safe between machines.
/// </summary>
/// <remarks>
/// Tiles and bundles are put if they are absent, each durable before the next step of the publisher; the checkpoint is
/// replaced on the condition that it is still the one that was read. An exception in the middle leaves objects that the
/// checkpoint does not speak of, and the next try puts the same ones.
/// </remarks>
public sealed class ObjectPublishedLog : IPublishedLog
{
    private const string CheckpointName = "checkpoint";

    // A few lines, and one for each witness.
    private const int MaxCheckpoint = 64 * 1024;

    private readonly IReplaceableObjectStore _objects;
    private readonly string _prefix;

    /// <summary>A log in an object store.</summary>
    /// <param name="objects">Where.</param>
    /// <param name="prefix">
    /// What the keys of the log begin with: a key and a slash, or empty for a store that holds nothing else.
    /// </param>
    /// <exception cref="ArgumentException">The prefix is neither empty nor a key that ends with a slash.</exception>
    public ObjectPublishedLog(IReplaceableObjectStore objects, string prefix = "ledger/")
    {
        ArgumentNullException.ThrowIfNull(objects);
        ArgumentNullException.ThrowIfNull(prefix);
        if (prefix.Length > 0 && (!prefix.EndsWith('/') || !ObjectKey.TryParse(prefix[..^1], out _)))
        {
            throw new ArgumentException(
                $"'{prefix}' is neither empty nor a key that ends with a slash.", nameof(prefix));
        }

        (_objects, _prefix) = (objects, prefix);
    }

    /// <inheritdoc/>
    /// <exception cref="ObjectDamagedException">It is not what was published.</exception>
    /// <exception cref="StoreUnavailableException">It cannot be read at the moment.</exception>
    public async Task<ReadOnlyMemory<byte>?> ReadCheckpointAsync(CancellationToken cancellationToken) =>
        (await _objects.GetAsync(KeyOf(CheckpointName), MaxCheckpoint, cancellationToken).ConfigureAwait(false))
            ?.Content;

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The path is no path within a log.</exception>
    public Task<bool> PutAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        var key = KeyOf(path);
        return SettledAsync(async () =>
            await _objects.PutIfAbsentAsync(key, content, attributes: null, cancellationToken).ConfigureAwait(false)
                is not PutOutcome.Taken);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The path is no path within a log.</exception>
    public Task RemovePartialsAsync(string path, CancellationToken cancellationToken)
    {
        var partials = KeyOf($"{path}.p").Value + "/";
        return SettledAsync(async () =>
        {
            var found = _objects.ListAsync(partials, after: null, cancellationToken);
            await foreach (var partial in found.ConfigureAwait(false))
            {
                await _objects.DeleteAsync(partial.Key, cancellationToken).ConfigureAwait(false);
            }

            return true;
        });
    }

    /// <inheritdoc/>
    public Task<bool> ReplaceCheckpointAsync(
        ReadOnlyMemory<byte>? expected, ReadOnlyMemory<byte> checkpoint, CancellationToken cancellationToken)
    {
        var key = KeyOf(CheckpointName);
        return SettledAsync(async () => expected is { } known
            ? await _objects.ReplaceAsync(
                key, Sha256Digest.Of(known.Span), checkpoint, attributes: null, cancellationToken)
                .ConfigureAwait(false)
            : await _objects.PutIfAbsentAsync(key, checkpoint, attributes: null, cancellationToken)
                .ConfigureAwait(false) is not PutOutcome.Taken);
    }

    // All of these may be repeated, which is what the publisher does after this exception.
    private static async Task<bool> SettledAsync(Func<Task<bool>> write)
    {
        try
        {
            return await write().ConfigureAwait(false);
        }
        catch (WriteOutcomeUnknownException e)
        {
            throw new StoreUnavailableException($"The published log cannot be written at the moment: {e.Message}", e);
        }
    }

    private ObjectKey KeyOf(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return ObjectKey.TryParse(_prefix + path, out var key)
            ? key
            : throw new ArgumentException($"'{path}' is no path within a log.", nameof(path));
    }
}
