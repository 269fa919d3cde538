using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Tests;

public sealed class DirectoryTileReaderTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("k1s0-tiles-");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task Proofs_come_out_of_a_published_log()
    {
        var builder = Publish(300);
        var reader = new DirectoryTileReader(_directory.FullName);

        var path = await InclusionProof.CreateAsync(reader, 299, 300, Cancellation);

        InclusionProof.Verify(MerkleHash.Leaf([299 % 251]), 299, 300, path, builder.Root).Should().BeTrue();
        (await TileBuilder.LoadAsync(reader, 300, Cancellation)).Root.Should().Be(builder.Root);
    }

    [Fact]
    public async Task A_partial_tile_that_was_removed_is_read_out_of_the_full_one()
    {
        Publish(300);
        var before = new MerkleTree();
        for (var i = 0; i < 100; i++)
        {
            before.Append(MerkleHash.Leaf([(byte)(i % 251)]));
        }

        var path = await InclusionProof.CreateAsync(new DirectoryTileReader(_directory.FullName), 7, 100, Cancellation);

        InclusionProof.Verify(MerkleHash.Leaf([7]), 7, 100, path, before.Root).Should().BeTrue();
    }

    [Fact]
    public async Task A_missing_tile_and_a_cut_file_are_named()
    {
        Publish(300);
        var reader = new DirectoryTileReader(_directory.FullName);
        var file = Path.Combine(_directory.FullName, "tile/0/000");
        await File.WriteAllBytesAsync(file, new byte[8_191], Cancellation);

        var cut = await Assert.ThrowsAsync<InvalidFormatException>(
            () => InclusionProof.CreateAsync(reader, 0, 300, Cancellation));
        var missing = await Assert.ThrowsAsync<TileMissingException>(
            () => InclusionProof.CreateAsync(reader, 5_000, 6_000, Cancellation));

        cut.Detail.Should().Be("tile/0/000 has 8191 bytes.");
        missing.Path.Should().StartWith("tile/");
        Assert.Throws<ArgumentNullException>(() => new DirectoryTileReader(null!));
    }

    private TileBuilder Publish(int size)
    {
        var builder = new TileBuilder();
        for (var i = 0; i < size; i++)
        {
            builder.Append(MerkleHash.Leaf([(byte)(i % 251)]));
        }

        foreach (var content in builder.TakeTiles())
        {
            var file = Path.Combine(_directory.FullName, content.Tile.Path);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllBytes(file, content.Bytes.ToArray());
        }

        return builder;
    }
}
