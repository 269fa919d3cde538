using System.Text;
using System.Text.Json;
using K1s0.EventStore.Compression;
using K1s0.EventStore.Conformance;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Tests.Snapshots;

public sealed class SnapshotFrameTests
{
    // Known answer: uncompressed, so that it does not depend on a library.
    private const string Known =
        "ff010005000000030000000000000007"
        + "4bf5122f344554c53bde2ebb8cd2b7e3d1600ad631c385a5d7cce23c7785459a"
        + "0000000b6f726465727b22746f74616c223a357d";

    private static readonly byte[] Large = Encoding.UTF8.GetBytes(
        $"[{string.Join(',', Enumerable.Range(0, 2_000).Select(number => number % 7))}]");

    [Fact]
    public void The_layout_is_the_one_that_is_published()
    {
        var frame = Pack("""{"total":5}"""u8);

        var bytes = frame.ToBytes();

        Convert.ToHexStringLower(bytes.AsSpan()[..^32]).Should().Be(Known);
        Convert.ToHexStringLower(bytes.AsSpan()[^32..])
            .Should().Be(Sha256Digest.Of(Convert.FromHexString(Known)).ToString());
        var parsed = SnapshotFrame.Parse(bytes);
        (parsed.StateName, parsed.StateVersion, parsed.Version.Value).Should().Be(("order", 3, 7));
        (parsed.ChainHash, parsed.Compression).Should().Be((Sha256Digest.Of([1]), CompressionFormat.None));
        (parsed.OriginalBytes, parsed.CompressedBytes).Should().Be((11, 11));
        Encoding.UTF8.GetString(parsed.Unpack(CompressionCodecs.OfSystem, 11)).Should().Be("""{"total":5}""");
    }

    [Theory]
    [Trait("Row", "I03")]
    [InlineData(CompressionFormat.Zstd)]
    [InlineData(CompressionFormat.Brotli)]
    public void A_large_state_is_compressed_with_both_sizes_by_each_codec(CompressionFormat format)
    {
        var codec = format is CompressionFormat.Zstd ? CompressionCodecs.Zstd() : CompressionCodecs.Brotli();

        var frame = SnapshotFrame.Parse(Pack(Large, codec).ToBytes());

        (frame.Compression, frame.OriginalBytes).Should().Be((format, Large.Length));
        frame.CompressedBytes.Should().BeLessThan(Large.Length / 10);
        frame.Unpack(CompressionCodecs.OfSystem, Large.Length).Should().Equal(Large);
        Assert.Throws<DecompressionException>(() => frame.Unpack(CompressionCodecs.OfSystem, Large.Length - 1))
            .Fault.Should().Be(DecompressionFault.TooLarge);
    }

    [Fact]
    public void A_state_that_does_not_shrink_is_kept_as_it_is()
    {
        var noise = new byte[1_000];
        SeededRandom.Create().NextBytes(noise);

        var frame = Pack(noise);

        (frame.Compression, frame.CompressedBytes).Should().Be((CompressionFormat.None, 1_000));
        frame.Unpack(CompressionCodecs.OfSystem, 1_000).Should().Equal(noise);
    }

    // F10: flipped bytes, cut ends.
    [Fact]
    public void Every_changed_missing_or_added_byte_is_noticed()
    {
        var bytes = Pack(Large).ToBytes();
        for (var i = 0; i < bytes.Length; i++)
        {
            byte[] changed = [.. bytes];
            changed[i] ^= 0x10;
            Assert.ThrowsAny<EventStoreException>(() => SnapshotFrame.Parse(changed));
            Assert.Throws<InvalidFormatException>(() => SnapshotFrame.Parse(bytes.AsSpan(0, i)));
        }

        Assert.Throws<InvalidFormatException>(() => SnapshotFrame.Parse([.. bytes, 0]));
    }

    [Fact]
    public void A_newer_version_is_told_from_damage()
    {
        var bytes = Pack(Large).ToBytes();
        bytes[1] = 2;

        Assert.Throws<UnsupportedFormatException>(() => SnapshotFrame.Parse(bytes)).FoundVersion.Should().Be(2);
    }

    [Fact]
    public void A_snapshot_store_that_writes_json_keeps_frames_too()
    {
        var frame = Pack(Large);

        var json = JsonSerializer.Serialize(frame);

        JsonSerializer.Deserialize<SnapshotFrame>(json)!.ToBytes().Should().Equal(frame.ToBytes());
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<SnapshotFrame>("5"));
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<SnapshotFrame>("\"AAAA\""));
    }

    [Fact]
    public void What_is_out_of_range_is_a_wrong_call()
    {
        var codec = CompressionCodecs.Brotli();

        Assert.ThrowsAny<ArgumentException>(() => SnapshotFrame.Pack("", 1, new(1), default, "1"u8, codec));
        Assert.ThrowsAny<ArgumentException>(
            () => SnapshotFrame.Pack(new string('a', 256), 1, new(1), default, "1"u8, codec));
        Assert.ThrowsAny<ArgumentException>(() => SnapshotFrame.Pack("a", 0, new(1), default, "1"u8, codec));
        Assert.ThrowsAny<ArgumentException>(() => SnapshotFrame.Pack("a", 1, default, default, "1"u8, codec));
    }

    private static SnapshotFrame Pack(ReadOnlySpan<byte> state, ICompressionCodec? codec = null) => SnapshotFrame.Pack(
        "order", 3, new StreamVersion(7), Sha256Digest.Of([1]), state, codec ?? CompressionCodecs.OfSystem.Preferred);
}
