using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Archive;

/// <summary>A whole object whose content matches its digest. Immutable.</summary>
public sealed class StoredObject
{
    /// <summary>An object; the content is hashed.</summary>
    /// <param name="info">What is known of it.</param>
    /// <param name="content">What was read.</param>
    /// <exception cref="ObjectDamagedException">
    /// The content has another length or another digest than it should, or nobody knows which it should have.
    /// </exception>
    public StoredObject(ObjectInfo info, ReadOnlyMemory<byte> content)
    {
        ArgumentNullException.ThrowIfNull(info);
        if (info.Digest.IsNone)
        {
            throw new ObjectDamagedException(info.Key.Value, "no SHA-256 is stored with it, so it cannot be checked.");
        }

        var actual = Sha256Digest.Of(content.Span);
        if (content.Length != info.Length || actual != info.Digest)
        {
            throw new ObjectDamagedException(
                info.Key.Value,
                $"its {content.Length} bytes have the SHA-256 {actual}; {info.Length} with {info.Digest} were put.");
        }

        (Info, Content) = (info, content);
    }

    /// <summary>What is known of it.</summary>
    public ObjectInfo Info { get; }

    /// <summary>The content.</summary>
    public ReadOnlyMemory<byte> Content { get; }

    /// <summary>
    /// For implementations of <see cref="IObjectStore"/>: refuses what is too long, before memory is reserved for it.
    /// </summary>
    /// <param name="key">Which.</param>
    /// <param name="length">How many bytes it has, or claims to have.</param>
    /// <param name="maxLength">The most bytes that it can have.</param>
    /// <exception cref="ObjectDamagedException">It has more.</exception>
    public static void ThrowIfLonger(ObjectKey key, long length, long maxLength)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (length > maxLength)
        {
            throw new ObjectDamagedException(
                key.Value, $"it has {length} bytes, and at most {maxLength} were put; nothing of it was read.");
        }
    }
}
