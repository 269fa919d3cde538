namespace K1s0.EventStore.Archive;

/// <summary>
/// Keeps whole objects under keys: a bucket, a folder. The few operations that an archive is built on. Implementations
/// are thread-safe, and safe between processes.
/// </summary>
/// <remarks>
/// <para><b>Durability.</b> When a put or a delete returns, its effect survives the end of this process and of the
/// machine, as far as the backend promises durability at all. An object is there as a whole or not at all: no reader
/// and no crash ever sees a part of it.</para>
/// <para><b>Exclusion.</b> Of several puts to one key exactly one stores its object, also between machines. Nothing is
/// ever overwritten. After a delete a key may be stored again.</para>
/// <para><b>Order.</b> A read or a list that begins after a put or a delete has returned sees its effect.</para>
/// <para><b>Integrity.</b> The SHA-256 of the content is stored beside it. <see cref="GetAsync"/> computes it anew and
/// serves nothing that does not match. A range cannot be checked so: its bytes may be anything, and the format that
/// they are of has to notice.</para>
/// <para><b>Faults.</b> An implementation may repeat requests that the network or the backend failed, a few times. What
/// is left is for the caller: <see cref="StoreUnavailableException"/> from a read, and
/// <see cref="WriteOutcomeUnknownException"/> from a put, a delete or a change of the storage class, each of which may
/// be repeated with the same arguments and then settles it. <see cref="StoreOperationException"/> is what repeating
/// does not help: a missing bucket, missing rights, a full disk.</para>
/// <para>A key that is a folder of another key (<c>a/b</c> and <c>a/b/c</c>) is not portable: a file system refuses the
/// second with <see cref="StoreOperationException"/>.</para>
/// </remarks>
public interface IObjectStore
{
    /// <summary>Stores an object unless its key is taken. Repeating it is harmless.</summary>
    /// <param name="key">Where.</param>
    /// <param name="content">The whole content, up to what the backend takes in one piece (S3: 5 GB).</param>
    /// <param name="attributes">Metadata and storage class; none and standard when null.</param>
    /// <param name="cancellationToken">Gives up; the object is there as a whole or not at all.</param>
    /// <returns>Whether it was stored now, was there with the same content, or the key is taken by another.</returns>
    /// <exception cref="WriteOutcomeUnknownException">Nobody knows whether it is stored: repeat the call.</exception>
    /// <exception cref="StoreOperationException">The backend refuses; nothing was stored.</exception>
    Task<PutOutcome> PutIfAbsentAsync(
        ObjectKey key,
        ReadOnlyMemory<byte> content,
        ObjectAttributes? attributes = null,
        CancellationToken cancellationToken = default);

    /// <summary>Reads a whole object and checks it against its digest.</summary>
    /// <param name="key">Which.</param>
    /// <param name="maxLength">
    /// The most bytes that it can have, 0 or more: of a longer object nothing is read, and no memory is reserved for
    /// it, whatever the backend claims.
    /// </param>
    /// <param name="cancellationToken">Gives up reading.</param>
    /// <returns>The object; null when there is none.</returns>
    /// <exception cref="ObjectDamagedException">
    /// The content does not match its digest, or has none, or is longer than it can be.
    /// </exception>
    /// <exception cref="RestoreRequiredException">It lies in a class that cannot be read at once.</exception>
    /// <exception cref="StoreUnavailableException">It cannot be read at the moment.</exception>
    Task<StoredObject?> GetAsync(
        ObjectKey key, long maxLength, CancellationToken cancellationToken = default);

    /// <summary>Reads a part of an object, in one request. What comes back is not checked.</summary>
    /// <param name="key">Which.</param>
    /// <param name="range">Which bytes.</param>
    /// <param name="cancellationToken">Gives up reading.</param>
    /// <returns>Those of the bytes that the object has, with its length; null when there is no object.</returns>
    /// <exception cref="RestoreRequiredException">It lies in a class that cannot be read at once.</exception>
    /// <exception cref="StoreUnavailableException">It cannot be read at the moment.</exception>
    Task<ObjectSlice?> GetRangeAsync(
        ObjectKey key, ObjectRange range, CancellationToken cancellationToken = default);

    /// <summary>What is known of an object without reading it.</summary>
    /// <param name="key">Which.</param>
    /// <param name="cancellationToken">Gives up asking.</param>
    /// <returns>Length, digest, attributes; null when there is no object.</returns>
    /// <exception cref="StoreUnavailableException">It cannot be asked at the moment.</exception>
    Task<ObjectInfo?> HeadAsync(ObjectKey key, CancellationToken cancellationToken = default);

    /// <summary>
    /// Lists keys in ascending order of their bytes. Objects that come or go meanwhile may be listed or not; all others
    /// are, once. What is no <see cref="ObjectKey"/> was put there by somebody else, and is passed over.
    /// </summary>
    /// <param name="prefix">What the keys begin with; empty for all.</param>
    /// <param name="after">Lists only what comes behind this key; null for all.</param>
    /// <param name="cancellationToken">Gives up listing.</param>
    /// <exception cref="StoreUnavailableException">It cannot be listed at the moment.</exception>
    IAsyncEnumerable<ObjectEntry> ListAsync(
        string prefix = "", ObjectKey? after = null, CancellationToken cancellationToken = default);

    /// <summary>Removes an object; harmless when there is none. Repeating it is harmless.</summary>
    /// <param name="key">Which.</param>
    /// <param name="cancellationToken">Gives up; the object is there as a whole or not at all.</param>
    /// <exception cref="WriteOutcomeUnknownException">Nobody knows whether it is removed: repeat the call.</exception>
    /// <exception cref="StoreOperationException">The backend refuses, for instance by a retention rule.</exception>
    Task DeleteAsync(ObjectKey key, CancellationToken cancellationToken = default);

    /// <summary>
    /// Moves an object to another storage class. Content and metadata stay. Repeating it is harmless.
    /// </summary>
    /// <param name="key">Which.</param>
    /// <param name="storageClass">Where to.</param>
    /// <param name="cancellationToken">Gives up; the object lies in the one class or in the other.</param>
    /// <returns>False when there is no object.</returns>
    /// <exception cref="RestoreRequiredException">It lies in a class that cannot be read at once.</exception>
    /// <exception cref="ObjectDamagedException">
    /// It had to be read for that, and does not match its digest; it lies where it lay.
    /// </exception>
    /// <exception cref="WriteOutcomeUnknownException">Nobody knows where it lies: repeat the call.</exception>
    /// <exception cref="StoreOperationException">The backend refuses, for instance a class it does not
    /// have.</exception>
    Task<bool> SetStorageClassAsync(
        ObjectKey key, StorageClass storageClass, CancellationToken cancellationToken = default);

    /// <summary>
    /// Asks for an object that lies in a cold class to be made readable for a time. Repeating it is harmless.
    /// </summary>
    /// <param name="key">Which.</param>
    /// <param name="request">How urgent, and for how long.</param>
    /// <param name="cancellationToken">Gives up asking; the request may have been made.</param>
    /// <returns>How it stands after the request; null when there is no object.</returns>
    /// <exception cref="StoreUnavailableException">It cannot be asked for at the moment.</exception>
    /// <exception cref="StoreOperationException">The backend refuses, or cannot restore.</exception>
    Task<Restoration?> RestoreAsync(
        ObjectKey key, RestoreRequest request, CancellationToken cancellationToken = default);
}
