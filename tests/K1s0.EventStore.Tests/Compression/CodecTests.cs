using K1s0.EventStore.Compression;
using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Tests.Compression;

/// <summary>What every codec promises.</summary>
public sealed class CodecTests
{
    private const int MiB = 1024 * 1024;

    public static TheoryData<string> Codecs => [.. Named.Keys];

    private static Dictionary<string, ICompressionCodec> Named { get; } = new(StringComparer.Ordinal)
    {
        ["zstd 1"] = CompressionCodecs.Zstd(1),
        ["zstd 3"] = CompressionCodecs.Zstd(),
        ["zstd 19"] = CompressionCodecs.Zstd(19),
        ["brotli"] = CompressionCodecs.Brotli(),
        ["an application's own"] = new OwnCodec(),
    };

    [Theory]
    [MemberData(nameof(Codecs))]
    public void What_was_compressed_comes_back(string name)
    {
        var codec = Named[name];
        var random = SeededRandom.Create();
        var noise = new byte[70_000];
        random.NextBytes(noise);
        byte[][] contents =
            [[], [7], [.. "{}"u8], Samples.Event(random), Samples.Events(random, MiB), noise, new byte[MiB]];

        foreach (var content in contents)
        {
            var compressed = codec.Compress(content);

            compressed.Length.Should().BeLessThanOrEqualTo(codec.MaxCompressedLength(content.Length));
            codec.ReadContentLength(compressed).Should().Be(content.Length);
            codec.Decompress(compressed, content.Length).Should().Equal(content);
            codec.Decompress(compressed, content.Length + 1).Should().Equal(content);
        }
    }

    [Theory]
    [MemberData(nameof(Codecs))]
    public void Events_become_at_least_seventy_per_cent_smaller(string name)
    {
        var content = Samples.Events(SeededRandom.Create(), MiB);

        Named[name].Compress(content).Length.Should().BeLessThan(content.Length * 3 / 10);
    }

    [Theory]
    [MemberData(nameof(Codecs))]
    public void What_is_cut_off_at_any_byte_or_followed_by_any_is_refused_as_damaged(string name)
    {
        var codec = Named[name];
        var random = SeededRandom.Create();
        var content = Samples.Event(random);
        var compressed = codec.Compress(content);

        for (var length = 0; length < compressed.Length; length++)
        {
            Fault(() => codec.Decompress(compressed.AsSpan(0, length), content.Length))
                .Should().Be(DecompressionFault.Damaged, $"only {length} bytes are there");
        }

        Fault(() => codec.Decompress([.. compressed, 0], content.Length)).Should().Be(DecompressionFault.Damaged);
        Fault(() => codec.Decompress([.. compressed, .. compressed], 2 * content.Length))
            .Should().Be(DecompressionFault.Damaged);
    }

    [Theory]
    [MemberData(nameof(Codecs))]
    public void Any_flipped_bit_is_noticed_or_without_consequence(string name)
    {
        var codec = Named[name];
        var content = Samples.Event(SeededRandom.Create());
        var compressed = codec.Compress(content);
        var noticed = 0;

        for (var bit = 0; bit < 8 * compressed.Length; bit++)
        {
            var changed = compressed.ToArray();
            changed[bit / 8] ^= (byte)(1 << (bit % 8));
            try
            {
                codec.Decompress(changed, 2 * content.Length).Should().Equal(content, $"bit {bit} was flipped");
            }
            catch (DecompressionException)
            {
                noticed++;
            }
        }

        // A format has bits that mean nothing: padding, and what is reserved.
        noticed.Should().BeGreaterThan(8 * compressed.Length - 16);
    }

    [Theory]
    [MemberData(nameof(Codecs))]
    public void A_bomb_is_refused_before_memory_is_reserved_for_it(string name)
    {
        var codec = Named[name];
        var bomb = codec.Compress(new byte[64 * MiB]);
        Fault(() => codec.Decompress(bomb, MiB)).Should().Be(DecompressionFault.TooLarge);
        var before = GC.GetAllocatedBytesForCurrentThread();

        var fault = Fault(() => codec.Decompress(bomb, MiB));

        fault.Should().Be(DecompressionFault.TooLarge);
        (GC.GetAllocatedBytesForCurrentThread() - before).Should().BeLessThan(64 * 1024);
        var room = new byte[1000];
        Fault(() => codec.Decompress(bomb, room.AsSpan(0, 999), dictionary: null))
            .Should().Be(DecompressionFault.TooLarge);
        room[999].Should().Be(0, "nothing is written behind what was handed in");
    }

    [Theory]
    [MemberData(nameof(Codecs))]
    public void Threads_share_a_codec(string name)
    {
        var codec = Named[name];
        var seed = SeededRandom.Create().Next();

        Parallel.For(0, 64, run =>
        {
            var content = Samples.Events(new Random(seed + run), 20_000);
            codec.Decompress(codec.Compress(content), content.Length).Should().Equal(content);
        });
    }

    [Theory]
    [MemberData(nameof(Codecs))]
    public void A_destination_that_is_too_small_to_compress_into_is_a_wrong_call(string name)
    {
        var noise = new byte[1000];
        SeededRandom.Create().NextBytes(noise);

        FluentActions.Invoking(() => Named[name].Compress(noise, new byte[100], dictionary: null))
            .Should().Throw<ArgumentException>().WithMessage("*MaxCompressedLength*");
        FluentActions.Invoking(() => Named[name].Compress(noise, [], dictionary: null))
            .Should().Throw<ArgumentException>();
    }

    [Theory]
    [MemberData(nameof(Codecs))]
    public void Negative_lengths_are_wrong_calls(string name)
    {
        FluentActions.Invoking(() => Named[name].MaxCompressedLength(-1)).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => Named[name].Decompress([], -1)).Should().Throw<ArgumentException>();
    }

    private static DecompressionFault? Fault(Action decompress)
    {
        try
        {
            decompress();
            return null;
        }
        catch (DecompressionException e)
        {
            return e.Fault;
        }
    }
}
