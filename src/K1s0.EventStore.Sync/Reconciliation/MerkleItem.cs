using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Sync;

/// <summary>Something that two sides may both have: a key, and a digest of what is stored under it.</summary>
/// <remarks>Immutable as long as nobody writes to the key's memory. Equal when key and value are.</remarks>
public sealed class MerkleItem : IEquatable<MerkleItem>
{
    /// <summary>The most bytes of a key: 1,024.</summary>
    public const int MaxKeyBytes = 1_024;

    /// <summary>An item. The key is kept, not copied.</summary>
    /// <param name="key">1 to 1,024 bytes.</param>
    /// <param name="value">The digest of what is stored under the key.</param>
    /// <exception cref="ArgumentException">The key is empty or too long.</exception>
    public MerkleItem(ReadOnlyMemory<byte> key, Sha256Digest value)
    {
        if (key.Length is 0 or > MaxKeyBytes)
        {
            throw new ArgumentException($"A key has 1 to {MaxKeyBytes} bytes, not {key.Length}.", nameof(key));
        }

        (Key, Value) = (key, value);
    }

    /// <summary>The key.</summary>
    public ReadOnlyMemory<byte> Key { get; }

    /// <summary>The digest of what is stored under the key.</summary>
    public Sha256Digest Value { get; }

    /// <inheritdoc/>
    public bool Equals(MerkleItem? other) =>
        other is not null && Value == other.Value && Key.Span.SequenceEqual(other.Key.Span);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as MerkleItem);

    /// <inheritdoc/>
    public override int GetHashCode() => Value.GetHashCode();
}
