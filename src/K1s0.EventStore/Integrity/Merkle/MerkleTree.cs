using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;

namespace K1s0.EventStore.Integrity;

/// <summary>
/// A Merkle tree after RFC 6962 that grows by appending and gives its root at any size, in at most 63 hashes of memory.
/// </summary>
/// <remarks>
/// <code>
/// state, version 1
///  +---------------+----------------------------------------------------------------------------+
///  | 1             | version, 1 byte                                                            |
///  | size          | 8 bytes, big-endian                                                        |
///  | hashes        | 32 bytes for each bit of the size that is set: the roots of the complete   |
///  |               | subtrees that make up the tree, from the largest (left) to the smallest    |
///  +---------------+----------------------------------------------------------------------------+
/// </code>
/// Not thread-safe.
/// </remarks>
public sealed class MerkleTree
{
    private const string FormatName = "state of a Merkle tree";
    private const byte StateVersion = 1;
    private const int HeaderLength = 1 + sizeof(long);

    private readonly MerkleRange _range;

    /// <summary>A tree without leaves.</summary>
    public MerkleTree() => _range = new MerkleRange(0);

    private MerkleTree(MerkleRange range) => _range = range;

    /// <summary>The number of leaves.</summary>
    public long Size => _range.End;

    /// <summary>The root hash; <see cref="MerkleHash.Empty"/> without leaves. Computed anew at each call.</summary>
    public Sha256Digest Root => _range.Fold();

    /// <summary>Reads what <see cref="ToState"/> wrote.</summary>
    /// <param name="state">The bytes.</param>
    /// <exception cref="UnsupportedFormatException">The state is of another version.</exception>
    /// <exception cref="InvalidFormatException">The length does not fit the size.</exception>
    public static MerkleTree FromState(ReadOnlySpan<byte> state)
    {
        if (state.IsEmpty)
        {
            throw new InvalidFormatException(FormatName, "it is empty.");
        }

        if (state[0] != StateVersion)
        {
            throw new UnsupportedFormatException(FormatName, state[0], StateVersion);
        }

        var size = state.Length < HeaderLength ? -1 : BinaryPrimitives.ReadInt64BigEndian(state[1..]);
        var count = BitOperations.PopCount((ulong)size);
        if (size < 0 || state.Length != HeaderLength + (count * Sha256Digest.Length))
        {
            throw new InvalidFormatException(
                FormatName,
                string.Create(CultureInfo.InvariantCulture, $"{state.Length} bytes do not fit size {size}."));
        }

        Span<Sha256Digest> nodes = stackalloc Sha256Digest[count];
        for (var i = 0; i < count; i++)
        {
            nodes[i] = new Sha256Digest(
                state.Slice(HeaderLength + (i * Sha256Digest.Length), Sha256Digest.Length));
        }

        return new MerkleTree(MerkleRange.Restore(size, nodes));
    }

    /// <summary>Appends a leaf.</summary>
    /// <param name="leafHash">The hash of the leaf, see <see cref="MerkleHash.Leaf"/>.</param>
    /// <exception cref="OverflowException">The tree is full: 2^63 - 1 leaves.</exception>
    public void Append(Sha256Digest leafHash) => _range.Append(leafHash);

    /// <summary>All that is needed to go on appending in another process; at most 2,025 bytes.</summary>
    public byte[] ToState()
    {
        var state = new byte[HeaderLength + (_range.NodeCount * Sha256Digest.Length)];
        state[0] = StateVersion;
        BinaryPrimitives.WriteInt64BigEndian(state.AsSpan(1), Size);
        for (var i = 0; i < _range.NodeCount; i++)
        {
            _range.Node(i).Hash.CopyTo(state.AsSpan(HeaderLength + (i * Sha256Digest.Length)));
        }

        return state;
    }

    internal static MerkleTree Restore(long size, ReadOnlySpan<Sha256Digest> nodes) =>
        new(MerkleRange.Restore(size, nodes));

    internal int Append(Sha256Digest leafHash, Span<Sha256Digest> tileRoots) => _range.Append(leafHash, tileRoots);
}
