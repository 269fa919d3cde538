using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Archive;

/// <summary>
/// An object store in which the content of an object can be replaced, on the condition that it is the known one: for
/// the few objects that have to change in their place, such as the checkpoint of a published log. Implementations are
/// thread-safe, and safe between processes.
/// </summary>
public interface IReplaceableObjectStore : IObjectStore
{
    /// <summary>
    /// Replaces an object in one step if it still holds what is expected. Durable on return; repeating it is harmless.
    /// </summary>
    /// <param name="key">Which.</param>
    /// <param name="expected">The SHA-256 of the content that it holds.</param>
    /// <param name="content">The whole new content.</param>
    /// <param name="attributes">Metadata and storage class; none and standard when null.</param>
    /// <param name="cancellationToken">Gives up; the object holds the one content or the other.</param>
    /// <returns>Whether it holds the new content; false when it holds another one, which stays, or is not
    /// there.</returns>
    /// <exception cref="WriteOutcomeUnknownException">Nobody knows which it holds: repeat the call.</exception>
    /// <exception cref="StoreUnavailableException">It cannot be read at the moment; nothing was replaced.</exception>
    /// <exception cref="StoreOperationException">The backend refuses; nothing was replaced.</exception>
    Task<bool> ReplaceAsync(
        ObjectKey key,
        Sha256Digest expected,
        ReadOnlyMemory<byte> content,
        ObjectAttributes? attributes = null,
        CancellationToken cancellationToken = default);
}
