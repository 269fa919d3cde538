using System.Numerics;

namespace K1s0.EventStore.Integrity;

/// <summary>
/// Proves that a log only grew: the larger tree begins with all leaves of the smaller one, in their order (RFC 6962,
/// section 2.1.2). Stateless.
/// </summary>
public static class ConsistencyProof
{
    /// <summary>The proof between two sizes of a log, from its tiles.</summary>
    /// <param name="tiles">The tiles of a log that has at least <paramref name="secondSize"/> leaves.</param>
    /// <param name="firstSize">The smaller size, 0 or more.</param>
    /// <param name="secondSize">The larger size.</param>
    /// <param name="cancellationToken">Gives up; nothing is left behind.</param>
    /// <returns>At most 64 hashes; none from size 0, or between equal sizes.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The first size is larger than the second.</exception>
    /// <exception cref="TileMissingException">A tile is not there.</exception>
    /// <exception cref="InvalidFormatException">A tile is shorter than it must be.</exception>
    public static Task<Sha256Digest[]> CreateAsync(
        ITileReader tiles, long firstSize, long secondSize, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(tiles);
        ArgumentOutOfRangeException.ThrowIfNegative(firstSize);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(firstSize, secondSize);
        return new TileHashes(tiles, secondSize)
            .ReadAsync(MerkleShape.ConsistencyPath(firstSize, secondSize), cancellationToken);
    }

    /// <summary>Whether the second tree begins with the first. Never throws.</summary>
    /// <param name="firstSize">The smaller size.</param>
    /// <param name="firstRoot">The root at that size.</param>
    /// <param name="secondSize">The larger size.</param>
    /// <param name="secondRoot">The root at that size.</param>
    /// <param name="path">The proof.</param>
    public static bool Verify(
        long firstSize,
        Sha256Digest firstRoot,
        long secondSize,
        Sha256Digest secondRoot,
        ReadOnlySpan<Sha256Digest> path)
    {
        if (firstSize < 0 || firstSize > secondSize)
        {
            return false;
        }

        if (firstSize == 0 || firstSize == secondSize)
        {
            return path.IsEmpty
                && (firstSize == 0 ? firstRoot == MerkleHash.Empty : firstRoot == secondRoot)
                && (secondSize != 0 || secondRoot == MerkleHash.Empty);
        }

        if (path.IsEmpty)
        {
            return false;
        }

        // A complete first tree is a node of the second one: the walk starts at its root, which the proof leaves out.
        var (first, second, isWhole) = BitOperations.IsPow2(firstSize)
            ? Walk(firstSize, secondSize, firstRoot, path)
            : Walk(firstSize, secondSize, path[0], path[1..]);
        return isWhole && first == firstRoot && second == secondRoot;
    }

    private static (Sha256Digest First, Sha256Digest Second, bool IsWhole) Walk(
        long firstSize, long secondSize, Sha256Digest start, ReadOnlySpan<Sha256Digest> path)
    {
        var up = BitOperations.TrailingZeroCount(firstSize);
        var (node, last) = ((firstSize - 1) >> up, (secondSize - 1) >> up);
        var (first, second) = (start, start);
        foreach (var sibling in path)
        {
            if (last == 0)
            {
                return (first, second, false);
            }

            if ((node & 1) == 1 || node == last)
            {
                (first, second) = (MerkleHash.Node(sibling, first), MerkleHash.Node(sibling, second));
                while ((node & 1) == 0 && node != 0)
                {
                    (node, last) = (node >> 1, last >> 1);
                }
            }
            else
            {
                second = MerkleHash.Node(second, sibling);
            }

            (node, last) = (node >> 1, last >> 1);
        }

        return (first, second, last == 0);
    }
}
