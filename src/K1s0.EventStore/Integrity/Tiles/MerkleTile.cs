using System.Globalization;

namespace K1s0.EventStore.Integrity;

/// <summary>
/// The place of a tile in a Merkle log: up to 256 neighbouring hashes of one level, after C2SP tlog-tiles.
/// </summary>
/// <remarks>
/// <code>
/// level 0   hashes of leaves                                             path  tile/0/000 ... tile/0/x001/x234/067
/// level 1   roots of the full tiles of level 0: 256 leaves each                tile/1/000
/// level 2   roots of the full tiles of level 1: 65,536 leaves each             tile/2/000
///           the last tile of a level may be partial, here of 17 hashes         tile/1/000.p/17
/// </code>
/// A full tile never changes, and neither does a partial one: a longer tree has a wider tile under another path. The
/// default value is the first full tile of level 0.
/// </remarks>
public readonly record struct MerkleTile
{
    /// <summary>The number of levels of the tree in a tile: 8.</summary>
    public const int Height = 8;

    /// <summary>The number of hashes in a full tile: 256.</summary>
    public const int FullWidth = 1 << Height;

    /// <summary>The highest level: 63.</summary>
    public const int MaxLevel = 63;

    // Levels that a tree of less than 2^63 leaves has.
    internal const int LevelCount = 8;

    private readonly int _missing;

    /// <summary>A tile.</summary>
    /// <param name="level">0 to 63; 0 holds the hashes of leaves.</param>
    /// <param name="index">The place in the level, from 0.</param>
    /// <param name="width">The number of hashes, 1 to 256.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of its range.</exception>
    public MerkleTile(int level, long index, int width)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(level);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(level, MaxLevel);
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(width, FullWidth);
        (Level, Index, _missing) = (level, index, FullWidth - width);
    }

    /// <summary>The level, 0 to 63.</summary>
    public int Level { get; }

    /// <summary>The place in the level, from 0.</summary>
    public long Index { get; }

    /// <summary>The number of hashes, 1 to 256.</summary>
    public int Width => FullWidth - _missing;

    /// <summary>Whether the tile has all its 256 hashes.</summary>
    public bool IsFull => _missing == 0;

    /// <summary>The path within the log, with slashes.</summary>
    public string Path => TilePath.Format(Level.ToString(CultureInfo.InvariantCulture), Index, Width);

    /// <summary>
    /// The tiles, full and partial, that a log of one size lacks to become a log of another, in the order of level and
    /// index. From size 0: all tiles of the log.
    /// </summary>
    /// <param name="fromSize">The number of leaves before, 0 or more.</param>
    /// <param name="toSize">The number of leaves after, not less.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is negative, or the second is the smaller one.</exception>
    public static IEnumerable<MerkleTile> Between(long fromSize, long toSize)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(fromSize);
        ArgumentOutOfRangeException.ThrowIfLessThan(toSize, fromSize);
        return Enumerate(fromSize, toSize);
    }

    /// <summary>The same place with all its hashes.</summary>
    public MerkleTile ToFull() => new(Level, Index, FullWidth);

    /// <summary>The path.</summary>
    public override string ToString() => Path;

    // How many hashes a level of a tree has.
    internal static long HashCount(int level, long size) => size >> (Height * level);

    // The tile at a place, as wide as it is in a tree of this size.
    internal static MerkleTile InTree(int level, long index, long size) =>
        new(level, index, (int)Math.Min(FullWidth, HashCount(level, size) - (index * FullWidth)));

    private static IEnumerable<MerkleTile> Enumerate(long fromSize, long toSize)
    {
        for (var level = 0; level < LevelCount; level++)
        {
            var (before, after) = (HashCount(level, fromSize), HashCount(level, toSize));
            if (before == after)
            {
                yield break;
            }

            for (var index = before / FullWidth; index <= (after - 1) / FullWidth; index++)
            {
                yield return InTree(level, index, toSize);
            }
        }
    }
}
