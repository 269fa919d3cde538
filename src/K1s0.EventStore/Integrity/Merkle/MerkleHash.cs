using System.Buffers;

namespace K1s0.EventStore.Integrity;

/// <summary>The hashes of a Merkle tree after RFC 6962, section 2.1, with SHA-256.</summary>
/// <remarks>
/// <code>
/// empty tree   SHA-256( )
/// leaf         SHA-256( 0x00 | entry )
/// node         SHA-256( 0x01 | left | right )
/// </code>
/// The first byte keeps leaves and nodes apart, so no entry can pose as an inner node. Stateless.
/// </remarks>
public static class MerkleHash
{
    private const byte LeafPrefix = 0;
    private const byte NodePrefix = 1;
    private const int StackBytes = 1024;

    /// <summary>The root of a tree without leaves.</summary>
    public static Sha256Digest Empty { get; } = Sha256Digest.Of([]);

    /// <summary>The hash of a leaf.</summary>
    /// <param name="entry">The bytes of the log's entry.</param>
    public static Sha256Digest Leaf(ReadOnlySpan<byte> entry)
    {
        var length = entry.Length + 1;
        byte[]? rented = null;
        var buffer = length <= StackBytes
            ? stackalloc byte[StackBytes]
            : (rented = ArrayPool<byte>.Shared.Rent(length));
        try
        {
            buffer[0] = LeafPrefix;
            entry.CopyTo(buffer[1..]);
            return Sha256Digest.Of(buffer[..length]);
        }
        finally
        {
            if (rented is not null)
            {
                ArrayPool<byte>.Shared.Return(rented);
            }
        }
    }

    /// <summary>The hash of a node over two others.</summary>
    /// <param name="left">The hash of the left child.</param>
    /// <param name="right">The hash of the right child.</param>
    public static Sha256Digest Node(Sha256Digest left, Sha256Digest right)
    {
        Span<byte> buffer = stackalloc byte[1 + (2 * Sha256Digest.Length)];
        buffer[0] = NodePrefix;
        left.CopyTo(buffer[1..]);
        right.CopyTo(buffer[(1 + Sha256Digest.Length)..]);
        return Sha256Digest.Of(buffer);
    }
}
