using System.Numerics;

namespace K1s0.EventStore.Integrity;

/// <summary>
/// Proves that a log holds a whole run of leaves, from an index to another: nothing in it was left out, changed, added
/// or moved. Who has the leaves and the proof needs nothing else of the log. Stateless.
/// </summary>
/// <remarks>
/// The proof of [start, end) in a tree of some size are the hashes of the largest nodes of that tree that hold none of
/// these leaves, from left to right. Start and end need not be aligned to anything.
/// <code>
///              root                proof of [2, 4) in a tree of 6 leaves: a, d
///           /        \             the verifier computes b from the leaves,
///         c            d           c from a and b, and the root from c and d
///       /   \         / \
///      a     b       4   5
///     0 1   2 3
/// </code>
/// </remarks>
public static class SubtreeProof
{
    /// <summary>The proof of a run of leaves, from the tiles of the log.</summary>
    /// <param name="tiles">The tiles of a log that has at least <paramref name="size"/> leaves.</param>
    /// <param name="start">The index of the first leaf.</param>
    /// <param name="end">The index behind the last leaf.</param>
    /// <param name="size">The size of the tree that the proof is for.</param>
    /// <param name="cancellationToken">Gives up; nothing is left behind.</param>
    /// <returns>At most 126 hashes, from left to right.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The run is empty or not within the tree.</exception>
    /// <exception cref="TileMissingException">A tile is not there.</exception>
    /// <exception cref="InvalidFormatException">A tile is shorter than it must be.</exception>
    public static Task<Sha256Digest[]> CreateAsync(
        ITileReader tiles, long start, long end, long size, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(tiles);
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(start, end);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(end, size);
        return new TileHashes(tiles, size).ReadAsync(MerkleShape.Outside(start, end, size), cancellationToken);
    }

    /// <summary>Whether the tree holds exactly these leaves at their indices. Never throws on a bad proof.</summary>
    /// <param name="leaves">The leaves, appended to a run that starts at the index of the first.</param>
    /// <param name="size">The size of the tree.</param>
    /// <param name="proof">The proof.</param>
    /// <param name="root">The root of the tree.</param>
    /// <returns>False for an empty run, of which nothing could be proved.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="leaves"/> is null.</exception>
    public static bool Verify(
        MerkleRange leaves, long size, ReadOnlySpan<Sha256Digest> proof, Sha256Digest root)
    {
        ArgumentNullException.ThrowIfNull(leaves);
        if (leaves.Start == leaves.End || leaves.End > size)
        {
            return false;
        }

        var walk = new Walk(leaves, proof);
        return walk.Hash(0, size) == root && walk.IsUsedUp;
    }

    private ref struct Walk(MerkleRange leaves, ReadOnlySpan<Sha256Digest> proof)
    {
        private readonly MerkleRange _leaves = leaves;
        private ReadOnlySpan<Sha256Digest> _proof = proof;
        private int _node;
        private bool _isShort;

        public readonly bool IsUsedUp => !_isShort && _proof.IsEmpty && _node == _leaves.NodeCount;

        public Sha256Digest Hash(long start, long end)
        {
            if (end <= _leaves.Start || start >= _leaves.End)
            {
                return NextOfProof();
            }

            // A complete node within the run is one of its subtrees, and they come in the same order.
            if (start >= _leaves.Start && end <= _leaves.End && BitOperations.IsPow2(end - start))
            {
                return _leaves.Node(_node++).Hash;
            }

            var middle = start + MerkleShape.Split(end - start);
            var left = Hash(start, middle);
            return MerkleHash.Node(left, Hash(middle, end));
        }

        private Sha256Digest NextOfProof()
        {
            if (_proof.IsEmpty)
            {
                _isShort = true;
                return default;
            }

            var next = _proof[0];
            _proof = _proof[1..];
            return next;
        }
    }
}
