using System.Globalization;
using System.Security.Cryptography;
using K1s0.EventStore.Conformance;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Tests;

public sealed class TileBuilderTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Growth_in_steps_gives_exactly_the_tiles_between_the_sizes_and_the_same_log_as_at_once()
    {
        const int Size = 70_000;
        var random = SeededRandom.Create();
        var (tiles, builder, tree) = (new MemoryTiles(), new TileBuilder(), new MerkleTree());
        while (builder.Size < Size)
        {
            var from = builder.Size;
            var to = Math.Min(Size, from + random.Next(1, 4_000));
            for (var i = from; i < to; i++)
            {
                builder.Append(Leaf(i));
                tree.Append(Leaf(i));
            }

            var taken = builder.TakeTiles();

            taken.Select(content => content.Tile).OrderBy(tile => tile.Level).ThenBy(tile => tile.Index)
                .Should().Equal(MerkleTile.Between(from, to));
            builder.Root.Should().Be(tree.Root);
            tiles.Write(taken);
            if (random.Next(2) == 0)
            {
                builder = await TileBuilder.LoadAsync(tiles, to, Cancellation);
                (builder.Size, builder.Root).Should().Be((to, tree.Root));
            }
        }

        builder.TakeTiles().Should().BeEmpty();
        foreach (var tile in MerkleTile.Between(0, Size))
        {
            tiles.Contents[tile].Should().Equal(Expected(tile));
        }
    }

    [Fact]
    public async Task Proofs_across_many_tiles_hold_and_their_tiles_are_read_in_one_call()
    {
        const int Size = 70_000;
        var random = SeededRandom.Create();
        var tiles = new MemoryTiles();
        var roots = new Dictionary<long, Sha256Digest>();
        var builder = new TileBuilder();
        for (var i = 0; i < Size; i++)
        {
            roots[i] = (i % 997) == 0 ? builder.Root : default;
            builder.Append(Leaf(i));
        }

        tiles.Write(builder.TakeTiles());
        for (var round = 0; round < 200; round++)
        {
            var index = random.Next(Size);
            var path = await InclusionProof.CreateAsync(tiles, index, Size, Cancellation);
            InclusionProof.Verify(Leaf(index), index, Size, path, builder.Root).Should().BeTrue();
            path.Length.Should().BeLessThanOrEqualTo(17);

            var first = random.Next(1, Size / 997) * 997;
            var growth = await ConsistencyProof.CreateAsync(tiles, first, Size, Cancellation);
            ConsistencyProof.Verify(first, roots[first], Size, builder.Root, growth).Should().BeTrue();
        }

        var run = new MerkleRange(12_345);
        for (var i = 12_345; i < 54_321; i++)
        {
            run.Append(Leaf(i));
        }

        var proof = await SubtreeProof.CreateAsync(tiles, 12_345, 54_321, Size, Cancellation);
        SubtreeProof.Verify(run, Size, proof, builder.Root).Should().BeTrue();
        tiles.Calls.Should().Be(401, "each proof asks once");
    }

    [Fact]
    public async Task A_log_that_lacks_a_tile_of_its_edge_cannot_be_continued()
    {
        var tiles = MemoryTiles.Of(ReferenceTree.Entries(200));

        await Assert.ThrowsAsync<TileMissingException>(() => TileBuilder.LoadAsync(tiles, 300, Cancellation));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => TileBuilder.LoadAsync(tiles, -1, Cancellation));
        (await TileBuilder.LoadAsync(tiles, 0, Cancellation)).Root.Should().Be(MerkleHash.Empty);
    }

    private static Sha256Digest Leaf(long index) =>
        MerkleHash.Leaf(System.Text.Encoding.ASCII.GetBytes(index.ToString(CultureInfo.InvariantCulture)));

    // From the definition: MTH(D[(n * 256 + i) * 256^l : (n * 256 + i + 1) * 256^l]).
    private static byte[] Expected(MerkleTile tile)
    {
        var span = 1L << (8 * tile.Level);
        var first = tile.Index * 256;
        return
        [
            .. Enumerable.Range(0, tile.Width).SelectMany(i => Complete((first + i) * span, span)),
        ];
    }

    private static byte[] Complete(long start, long count) => count == 1
        ? Leaf(start).ToArray()
        : SHA256.HashData([1, .. Complete(start, count / 2), .. Complete(start + (count / 2), count / 2)]);
}
