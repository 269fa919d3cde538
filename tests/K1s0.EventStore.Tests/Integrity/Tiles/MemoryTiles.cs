using System.Collections.Concurrent;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Tests;

/// <summary>The tiles of a log in memory, and what was asked for.</summary>
internal sealed class MemoryTiles : ITileReader
{
    public ConcurrentDictionary<MerkleTile, byte[]> Contents { get; } = [];

    public List<MerkleTile> Asked { get; } = [];

    public int Calls { get; private set; }

    public static MemoryTiles Of(IEnumerable<byte[]> entries)
    {
        var (tiles, builder) = (new MemoryTiles(), new TileBuilder());
        foreach (var entry in entries)
        {
            builder.Append(MerkleHash.Leaf(entry));
        }

        tiles.Write(builder.TakeTiles());
        return tiles;
    }

    public void Write(IEnumerable<TileContent> contents)
    {
        foreach (var content in contents)
        {
            Contents.TryAdd(content.Tile, content.Bytes.ToArray()).Should().BeTrue($"{content.Tile} is written once");
        }
    }

    public Task<IReadOnlyList<ReadOnlyMemory<byte>>> ReadAsync(
        IReadOnlyList<MerkleTile> tiles, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Calls++;
        Asked.AddRange(tiles);
        return Task.FromResult<IReadOnlyList<ReadOnlyMemory<byte>>>(
            [.. tiles.Select(tile => (ReadOnlyMemory<byte>)(
                Contents.GetValueOrDefault(tile)
                ?? Contents.GetValueOrDefault(tile.ToFull())
                ?? throw new TileMissingException(tile.Path)))]);
    }
}
