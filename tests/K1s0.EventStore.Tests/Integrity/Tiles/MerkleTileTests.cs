using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Tests;

public sealed class MerkleTileTests
{
    [Theory]
    [InlineData(0, 0, 256, "tile/0/000")]
    [InlineData(0, 999, 256, "tile/0/999")]
    [InlineData(0, 1_000, 256, "tile/0/x001/000")]
    [InlineData(0, 1_234_067, 256, "tile/0/x001/x234/067")]
    [InlineData(2, 1_234_067, 1, "tile/2/x001/x234/067.p/1")]
    [InlineData(63, long.MaxValue, 255, "tile/63/x009/x223/x372/x036/x854/x775/807.p/255")]
    public void Paths_are_those_of_tlog_tiles(int level, long index, int width, string path)
    {
        new MerkleTile(level, index, width).Path.Should().Be(path);
        EntryBundle.Path(index, width)
            .Should().Be("tile/entries/" + path[(path.IndexOf('/', StringComparison.Ordinal) + 1)..].Split('/', 2)[1]);
    }

    [Fact]
    public void A_log_of_70_000_leaves_has_the_tiles_of_the_example_of_tlog_tiles()
    {
        var tiles = MerkleTile.Between(0, 70_000).ToList();

        tiles.Where(tile => tile.Level == 0 && tile.IsFull).Should().HaveCount(273);
        tiles.Where(tile => tile.Level == 1 && tile.IsFull).Should().ContainSingle();
        tiles.Where(tile => !tile.IsFull).Should().Equal(new MerkleTile(0, 273, 112), new(1, 1, 17), new(2, 0, 1));
        MerkleTile.Between(0, 256).Should().Equal(new MerkleTile(0, 0, 256), new(1, 0, 1));
    }

    [Fact]
    public void Growth_by_nothing_adds_nothing_and_the_largest_log_has_eight_levels()
    {
        MerkleTile.Between(0, 0).Should().BeEmpty();
        MerkleTile.Between(70_000, 70_000).Should().BeEmpty();
        MerkleTile.Between(long.MaxValue - 1, long.MaxValue).Should().ContainSingle()
            .Which.Should().Be(new MerkleTile(0, long.MaxValue >> 8, 255));
        Assert.Throws<ArgumentOutOfRangeException>(() => MerkleTile.Between(2, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => MerkleTile.Between(-1, 1));
    }

    [Fact]
    public void The_default_value_is_the_first_full_tile_of_leaves()
    {
        default(MerkleTile).Should().Be(new MerkleTile(0, 0, 256));
        default(MerkleTile).ToString().Should().Be("tile/0/000");
    }

    [Theory]
    [InlineData(-1, 0, 1)]
    [InlineData(64, 0, 1)]
    [InlineData(0, -1, 1)]
    [InlineData(0, 0, 0)]
    [InlineData(0, 0, 257)]
    public void Numbers_out_of_range_are_refused(int level, long index, int width) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new MerkleTile(level, index, width));

    [Fact]
    public void Bytes_that_do_not_fit_a_tile_are_refused() =>
        Assert.Throws<ArgumentException>(() => new TileContent(new MerkleTile(0, 0, 2), new byte[63]));
}
