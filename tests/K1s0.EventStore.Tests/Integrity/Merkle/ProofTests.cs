using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Tests;

/// <summary>Every tree up to 70 leaves, every index, every pair of sizes, every run, against the definitions.</summary>
public sealed class ProofTests
{
    private const int MaxSize = 70;

    private static readonly byte[][] Entries = ReferenceTree.Entries(MaxSize);

    private static readonly Sha256Digest[] Roots =
        [.. Enumerable.Range(0, MaxSize + 1).Select(size => new Sha256Digest(ReferenceTree.Root(Entries[..size])))];

    private static readonly Sha256Digest[] Leaves = [.. Entries.Select(entry => MerkleHash.Leaf(entry))];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Inclusion_of_every_leaf_in_every_tree()
    {
        for (var size = 1; size <= MaxSize; size++)
        {
            var tiles = MemoryTiles.Of(Entries[..size]);
            for (var index = 0; index < size; index++)
            {
                var path = await InclusionProof.CreateAsync(tiles, index, size, Cancellation);

                path.Should().Equal(ReferenceTree.Digests(ReferenceTree.Inclusion(index, Entries[..size])));
                InclusionProof.Verify(Leaves[index], index, size, path, Roots[size]).Should().BeTrue();
            }
        }
    }

    [Fact]
    public async Task Consistency_of_every_pair_of_sizes()
    {
        for (var second = 0; second <= MaxSize; second++)
        {
            var tiles = MemoryTiles.Of(Entries[..second]);
            for (var first = 0; first <= second; first++)
            {
                var path = await ConsistencyProof.CreateAsync(tiles, first, second, Cancellation);

                path.Should().Equal(ReferenceTree.Digests(ReferenceTree.Consistency(first, Entries[..second])));
                ConsistencyProof.Verify(first, Roots[first], second, Roots[second], path).Should().BeTrue();
            }
        }
    }

    [Fact]
    public async Task Subtree_of_every_run_in_every_tree()
    {
        for (var size = 1; size <= MaxSize; size++)
        {
            var tiles = MemoryTiles.Of(Entries[..size]);
            for (var start = 0; start < size; start++)
            {
                var leaves = new MerkleRange(start);
                for (var end = start + 1; end <= size; end++)
                {
                    leaves.Append(Leaves[end - 1]);
                    var proof = await SubtreeProof.CreateAsync(tiles, start, end, size, Cancellation);

                    if (size % 7 == 0)
                    {
                        proof.Should().Equal(
                            ReferenceTree.Digests(ReferenceTree.Outside(start, end, Entries[..size])));
                    }

                    SubtreeProof.Verify(leaves, size, proof, Roots[size]).Should().BeTrue();
                }
            }
        }
    }

    // Its nodes: a = [0, 1) ... j = [6, 7), g = [0, 2), h = [2, 4), i = [4, 6), k = [0, 4), l = [4, 7).
    [Theory]
    [InlineData(0, "1,2;2,4;4,7")]
    [InlineData(3, "2,3;0,2;4,7")]
    [InlineData(4, "5,6;6,7;0,4")]
    [InlineData(6, "4,6;0,4")]
    public void The_audit_paths_of_the_example_tree_of_RFC_6962(int index, string nodes) =>
        string.Join(';', MerkleShape.InclusionPath(index, 7).Select(node => $"{node.Start},{node.End}"))
            .Should().Be(nodes);

    [Theory]
    [InlineData(3, "2,3;3,4;0,2;4,7")]
    [InlineData(4, "4,7")]
    [InlineData(6, "4,6;6,7;0,4")]
    public void The_consistency_proofs_of_the_example_tree_of_RFC_6962(int firstSize, string nodes) =>
        string.Join(';', MerkleShape.ConsistencyPath(firstSize, 7).Select(node => $"{node.Start},{node.End}"))
            .Should().Be(nodes);

    [Fact]
    public async Task A_proof_that_nobody_can_give_is_refused()
    {
        var tiles = MemoryTiles.Of(Entries);

        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            () => InclusionProof.CreateAsync(tiles, 70, 70, Cancellation));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            () => InclusionProof.CreateAsync(tiles, -1, 70, Cancellation));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            () => ConsistencyProof.CreateAsync(tiles, 8, 7, Cancellation));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            () => ConsistencyProof.CreateAsync(tiles, -1, 7, Cancellation));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            () => SubtreeProof.CreateAsync(tiles, 3, 3, 7, Cancellation));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            () => SubtreeProof.CreateAsync(tiles, 3, 8, 7, Cancellation));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            () => SubtreeProof.CreateAsync(tiles, -1, 3, 7, Cancellation));
        tiles.Calls.Should().Be(0);
    }

    [Fact]
    public async Task A_tile_that_is_missing_or_too_short_is_named()
    {
        var tiles = MemoryTiles.Of(Entries);

        (await Assert.ThrowsAsync<TileMissingException>(
            () => InclusionProof.CreateAsync(tiles, 1, 5_000, Cancellation)))
            .Path.Should().Be("tile/0/000");
        tiles.Contents[new MerkleTile(0, 0, 70)] = new byte[69 * 32];
        (await Assert.ThrowsAsync<InvalidFormatException>(() => InclusionProof.CreateAsync(tiles, 1, 70, Cancellation)))
            .Message.Should().Contain("tile/0/000.p/70 has 2208 bytes");
    }
}
