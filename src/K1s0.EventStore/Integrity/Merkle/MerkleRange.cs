namespace K1s0.EventStore.Integrity;

/// <summary>
/// The compact form of a run of leaves anywhere in a log: the hashes of the fewest complete subtrees that make it up.
/// </summary>
/// <remarks>
/// <code>
/// leaves [3, 10):    3 | 4 5 6 7 | 8 9        complete subtrees of 1, 4 and 2 leaves, each aligned to its size
/// </code>
/// At most 2 · log2(leaves) hashes are kept. Appending costs one hash on average. Not thread-safe.
/// </remarks>
public sealed class MerkleRange
{
    private readonly List<(Sha256Digest Hash, int Level)> _nodes = [];

    /// <summary>An empty run.</summary>
    /// <param name="start">The index of the first leaf to come, 0 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">The index is negative.</exception>
    public MerkleRange(long start)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        (Start, End) = (start, start);
    }

    /// <summary>The index of the first leaf.</summary>
    public long Start { get; }

    /// <summary>The index behind the last leaf.</summary>
    public long End { get; private set; }

    internal int NodeCount => _nodes.Count;

    /// <summary>Appends a leaf at <see cref="End"/>.</summary>
    /// <param name="leafHash">The hash of the leaf, see <see cref="MerkleHash.Leaf"/>.</param>
    /// <exception cref="OverflowException">The log is full: 2^63 - 1 leaves.</exception>
    public void Append(Sha256Digest leafHash) => Append(leafHash, []);

    // Also gives the roots of the tiles that the leaf completes, from the lowest level up, as far as there is room.
    internal int Append(Sha256Digest leafHash, Span<Sha256Digest> tileRoots)
    {
        var next = checked(End + 1);
        var (hash, level, roots) = (leafHash, 0, 0);

        // The new node is a right child, and its left sibling is in the run: both become their parent.
        while (_nodes.Count > 0 && _nodes[^1].Level == level && ((End >> level) & 1) == 1)
        {
            hash = MerkleHash.Node(_nodes[^1].Hash, hash);
            _nodes.RemoveAt(_nodes.Count - 1);
            level++;
            if (level % MerkleTile.Height == 0 && roots < tileRoots.Length)
            {
                tileRoots[roots++] = hash;
            }
        }

        _nodes.Add((hash, level));
        End = next;
        return roots;
    }

    internal (Sha256Digest Hash, int Level) Node(int at) => _nodes[at];

    // The parts of a tree that is cut at its size; the caller has checked that they fit.
    internal static MerkleRange Restore(long end, ReadOnlySpan<Sha256Digest> nodes)
    {
        var range = new MerkleRange(0) { End = end };
        var at = 0;
        for (var level = 62; level >= 0; level--)
        {
            if (((end >> level) & 1) == 1)
            {
                range._nodes.Add((nodes[at++], level));
            }
        }

        return range;
    }

    // From the right: the root of a tree that is not complete hangs its smaller parts to the right of the larger.
    internal Sha256Digest Fold()
    {
        if (_nodes.Count == 0)
        {
            return MerkleHash.Empty;
        }

        var hash = _nodes[^1].Hash;
        for (var i = _nodes.Count - 2; i >= 0; i--)
        {
            hash = MerkleHash.Node(_nodes[i].Hash, hash);
        }

        return hash;
    }
}
