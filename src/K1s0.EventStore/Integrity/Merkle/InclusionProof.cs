namespace K1s0.EventStore.Integrity;

/// <summary>
/// Proves that a log holds a leaf at an index: the hashes beside the way from the leaf up to the root (RFC 6962,
/// section 2.1.1). Stateless.
/// </summary>
public static class InclusionProof
{
    /// <summary>The proof of a leaf, from the tiles of the log.</summary>
    /// <param name="tiles">The tiles of a log that has at least <paramref name="size"/> leaves.</param>
    /// <param name="index">The index of the leaf, from 0.</param>
    /// <param name="size">The size of the tree that the proof is for.</param>
    /// <param name="cancellationToken">Gives up; nothing is left behind.</param>
    /// <returns>At most 63 hashes, from the leaf's sibling up to the child of the root.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The tree has no such leaf.</exception>
    /// <exception cref="TileMissingException">A tile is not there.</exception>
    /// <exception cref="InvalidFormatException">A tile is shorter than it must be.</exception>
    public static Task<Sha256Digest[]> CreateAsync(
        ITileReader tiles, long index, long size, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(tiles);
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, size);
        return new TileHashes(tiles, size).ReadAsync(MerkleShape.InclusionPath(index, size), cancellationToken);
    }

    /// <summary>Whether the proof leads from the leaf to the root. Never throws.</summary>
    /// <remarks>
    /// Take size and root from one signed head: the root alone does not say how large its tree is, so with another size
    /// of the same shape around the leaf the same proof holds.
    /// </remarks>
    /// <param name="leafHash">The hash of the leaf, see <see cref="MerkleHash.Leaf"/>.</param>
    /// <param name="index">The index of the leaf, from 0.</param>
    /// <param name="size">The size of the tree.</param>
    /// <param name="path">The proof.</param>
    /// <param name="root">The root of the tree.</param>
    public static bool Verify(
        Sha256Digest leafHash, long index, long size, ReadOnlySpan<Sha256Digest> path, Sha256Digest root)
    {
        if (index < 0 || index >= size)
        {
            return false;
        }

        var (node, last, hash) = (index, size - 1, leafHash);
        foreach (var sibling in path)
        {
            if (last == 0)
            {
                return false;
            }

            if ((node & 1) == 1 || node == last)
            {
                hash = MerkleHash.Node(sibling, hash);

                // The last node of a row without a right sibling moves up unhashed.
                while ((node & 1) == 0 && node != 0)
                {
                    (node, last) = (node >> 1, last >> 1);
                }
            }
            else
            {
                hash = MerkleHash.Node(hash, sibling);
            }

            (node, last) = (node >> 1, last >> 1);
        }

        return last == 0 && hash == root;
    }
}
