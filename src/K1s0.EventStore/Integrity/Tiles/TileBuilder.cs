namespace K1s0.EventStore.Integrity;

/// <summary>
/// Grows a Merkle log: takes the hashes of leaves, gives the tiles that they add, full and partial, and the root.
/// </summary>
/// <remarks>
/// Memory: the unfinished tile of each level (8 KiB each, at most 8) and the full tiles that were not taken yet (32
/// bytes for each leaf): take them every 65,536 leaves or so. Nothing is written here: whoever stores the tiles of one
/// <see cref="TakeTiles"/> stores all of them and the tree head together, or none. Not thread-safe.
/// </remarks>
public sealed class TileBuilder
{
    private readonly Level[] _levels = new Level[MerkleTile.LevelCount];
    private readonly MerkleTree _tree;
    private List<TileContent> _full = [];

    /// <summary>A log without leaves.</summary>
    public TileBuilder()
        : this(new MerkleTree())
    {
    }

    private TileBuilder(MerkleTree tree)
    {
        _tree = tree;
        for (var i = 0; i < _levels.Length; i++)
        {
            _levels[i] = new Level(i, MerkleTile.HashCount(i, tree.Size) / MerkleTile.FullWidth);
        }
    }

    /// <summary>The number of leaves.</summary>
    public long Size => _tree.Size;

    /// <summary>The root hash.</summary>
    public Sha256Digest Root => _tree.Root;

    /// <summary>Goes on with a log that is stored.</summary>
    /// <param name="tiles">The tiles of the log.</param>
    /// <param name="size">Its size.</param>
    /// <param name="cancellationToken">Gives up; nothing is left behind.</param>
    /// <returns>A builder whose <see cref="Root"/> should be compared with the stored tree head.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The size is negative.</exception>
    /// <exception cref="TileMissingException">A tile is not there.</exception>
    /// <exception cref="InvalidFormatException">A tile is shorter than it must be.</exception>
    public static async Task<TileBuilder> LoadAsync(
        ITileReader tiles, long size, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(tiles);
        ArgumentOutOfRangeException.ThrowIfNegative(size);
        var hashes = new TileHashes(tiles, size);
        var frontier = await hashes.ReadFrontierAsync(cancellationToken).ConfigureAwait(false);
        var builder = new TileBuilder(MerkleTree.Restore(size, frontier));
        foreach (var level in builder._levels)
        {
            level.Restore(hashes, size);
        }

        return builder;
    }

    /// <summary>Appends a leaf.</summary>
    /// <param name="leafHash">The hash of the leaf, see <see cref="MerkleHash.Leaf"/>.</param>
    public void Append(Sha256Digest leafHash)
    {
        Span<Sha256Digest> roots = stackalloc Sha256Digest[MerkleTile.LevelCount - 1];
        var count = _tree.Append(leafHash, roots);
        _levels[0].Add(leafHash, _full);
        for (var i = 0; i < count; i++)
        {
            _levels[i + 1].Add(roots[i], _full);
        }
    }

    /// <summary>
    /// The tiles that came since they were last taken: those of <see cref="MerkleTile.Between"/>, in another order.
    /// </summary>
    public IReadOnlyList<TileContent> TakeTiles()
    {
        var tiles = _full;
        _full = [];
        foreach (var level in _levels)
        {
            if (level.TakePartial() is { } partial)
            {
                tiles.Add(partial);
            }
        }

        return tiles;
    }

    // The unfinished tile of one level.
    private sealed class Level(int number, long index)
    {
        private long _index = index;
        private byte[] _bytes = [];
        private int _count;
        private bool _isChanged;

        public void Restore(TileHashes hashes, long size)
        {
            _count = (int)(MerkleTile.HashCount(number, size) % MerkleTile.FullWidth);
            if (_count > 0)
            {
                _bytes = new byte[MerkleTile.FullWidth * Sha256Digest.Length];
                hashes.Bytes(new MerkleTile(number, _index, _count)).CopyTo(_bytes);
            }
        }

        public void Add(Sha256Digest hash, List<TileContent> full)
        {
            if (_bytes.Length == 0)
            {
                _bytes = new byte[MerkleTile.FullWidth * Sha256Digest.Length];
            }

            hash.CopyTo(_bytes.AsSpan(_count * Sha256Digest.Length));
            (_count, _isChanged) = (_count + 1, true);
            if (_count == MerkleTile.FullWidth)
            {
                full.Add(new TileContent(new MerkleTile(number, _index, _count), _bytes));
                (_bytes, _count, _isChanged) = ([], 0, false);
                _index++;
            }
        }

        public TileContent? TakePartial()
        {
            if (!_isChanged)
            {
                return null;
            }

            _isChanged = false;
            var bytes = _bytes.AsSpan(0, _count * Sha256Digest.Length).ToArray();
            return new TileContent(new MerkleTile(number, _index, _count), bytes);
        }
    }
}
