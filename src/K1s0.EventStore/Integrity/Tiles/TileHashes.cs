using System.Numerics;

namespace K1s0.EventStore.Integrity;

/// <summary>
/// Hashes of nodes of a tree, computed from its tiles, which are all read in one call. Nothing is trusted later on: a
/// proof from wrong tiles does not verify.
/// </summary>
internal sealed class TileHashes(ITileReader reader, long size)
{
    private readonly Dictionary<MerkleTile, ReadOnlyMemory<byte>> _tiles = [];

    /// <summary>The hashes of ranges of leaves, each of which is a node of the tree.</summary>
    public async Task<Sha256Digest[]> ReadAsync(
        List<(long Start, long End)> nodes, CancellationToken cancellationToken)
    {
        await LoadAsync(nodes.SelectMany(node => CompleteParts(node.Start, node.End)), cancellationToken)
            .ConfigureAwait(false);
        return [.. nodes.Select(Hash)];
    }

    /// <summary>The roots of the complete subtrees that make the tree up, from left to right.</summary>
    public async Task<Sha256Digest[]> ReadFrontierAsync(CancellationToken cancellationToken)
    {
        var parts = CompleteParts(0, size).ToList();
        await LoadAsync(parts, cancellationToken).ConfigureAwait(false);
        return [.. parts.Select(part => Complete(part.Level, part.Index))];
    }

    /// <summary>The bytes of a tile that was read.</summary>
    public ReadOnlyMemory<byte> Bytes(MerkleTile tile) => _tiles[tile][..(tile.Width * Sha256Digest.Length)];

    /// <summary>Reads the tiles that hold these nodes.</summary>
    private async Task LoadAsync(IEnumerable<(int Level, long Index)> nodes, CancellationToken cancellationToken)
    {
        var tiles = nodes.Select(node => Place(node.Level, node.Index).Tile).Distinct().ToList();
        if (tiles.Count == 0)
        {
            return;
        }

        var contents = await reader.ReadAsync(tiles, cancellationToken).ConfigureAwait(false);
        foreach (var (i, tile) in tiles.Index())
        {
            _tiles[tile] = contents[i].Length >= tile.Width * Sha256Digest.Length
                ? contents[i]
                : throw new InvalidFormatException("tile of a Merkle log", $"{tile} has {contents[i].Length} bytes.");
        }
    }

    private static IEnumerable<(int Level, long Index)> CompleteParts(long start, long end)
    {
        while (start < end)
        {
            var level = BitOperations.Log2((ulong)(end - start));
            yield return (level, start >> level);
            start += 1L << level;
        }
    }

    private Sha256Digest Hash((long Start, long End) node)
    {
        var parts = CompleteParts(node.Start, node.End).ToList();
        var hash = Complete(parts[^1].Level, parts[^1].Index);
        for (var i = parts.Count - 2; i >= 0; i--)
        {
            hash = MerkleHash.Node(Complete(parts[i].Level, parts[i].Index), hash);
        }

        return hash;
    }

    private Sha256Digest Complete(int level, long index)
    {
        var (tile, offset, count) = Place(level, index);
        var bytes = _tiles[tile].Span.Slice(offset * Sha256Digest.Length, count * Sha256Digest.Length);
        Span<Sha256Digest> hashes = stackalloc Sha256Digest[MerkleTile.FullWidth / 2];
        for (var i = 0; i < count; i++)
        {
            hashes[i] = new Sha256Digest(bytes.Slice(i * Sha256Digest.Length, Sha256Digest.Length));
        }

        for (; count > 1; count /= 2)
        {
            for (var i = 0; i < count; i += 2)
            {
                hashes[i / 2] = MerkleHash.Node(hashes[i], hashes[i + 1]);
            }
        }

        return hashes[0];
    }

    // A node stands in the tile of the level at or below it, as up to 128 hashes that it is computed from.
    private (MerkleTile Tile, int Offset, int Count) Place(int level, long index)
    {
        var (tileLevel, above) = Math.DivRem(level, MerkleTile.Height);
        var first = index << above;
        var tile = MerkleTile.InTree(tileLevel, first / MerkleTile.FullWidth, size);
        return (tile, (int)(first % MerkleTile.FullWidth), 1 << above);
    }
}
