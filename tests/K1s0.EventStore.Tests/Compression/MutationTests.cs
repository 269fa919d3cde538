using System.Buffers.Binary;
using K1s0.EventStore.Compression;
using K1s0.EventStore.Conformance;

namespace K1s0.EventStore.Tests.Compression;

/// <summary>Compressed bytes that somebody changed: refused, or what was compressed; never something else.</summary>
public sealed class MutationTests
{
    private const int Mutations = 1_000_000;

    [Fact]
    public void A_million_mutations_of_zstd_frames_never_give_other_content()
    {
        var random = SeededRandom.Create();
        var codec = new ZstdCodec(ZstdCodec.DefaultLevel);
        var dictionary = new CompressionDictionary(Samples.Events(random, 4_000));
        var (served, refused) = (0, 0);

        for (var round = 0; round < 10; round++)
        {
            var with = round % 2 == 0 ? null : dictionary;
            var content = Samples.Events(random, 200 << (round / 2));
            var frame = codec.Compress(content, with);
            var changed = new byte[frame.Length + 16];
            var room = new byte[2 * content.Length];
            for (var run = 0; run < Mutations / 10; run++)
            {
                var length = Mutate(random, frame, changed);
                if (codec.TryDecompress(changed.AsSpan(0, length), room, with, out var written) is not null)
                {
                    refused++;
                    continue;
                }

                served++;
                if (!room.AsSpan(0, written).SequenceEqual(content))
                {
                    Assert.Fail($"round {round}, run {run}: other content came out of a changed frame");
                }
            }
        }

        (served + refused).Should().Be(Mutations);
        refused.Should().BeGreaterThan(Mutations / 2);
    }

    [Fact]
    public void Mutations_of_brotli_never_give_other_content()
    {
        var random = SeededRandom.Create();
        var codec = CompressionCodecs.Brotli();
        var content = Samples.Events(random, 1_000);
        var compressed = codec.Compress(content);
        var changed = new byte[compressed.Length + 16];
        var refused = 0;

        for (var run = 0; run < 50_000; run++)
        {
            var length = Mutate(random, compressed, changed);
            try
            {
                codec.Decompress(changed.AsSpan(0, length), 2 * content.Length).Should().Equal(content, $"run {run}");
            }
            catch (DecompressionException)
            {
                refused++;
            }
        }

        refused.Should().BeGreaterThan(25_000);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(299)]
    [InlineData(301)]
    [InlineData(60_000)]
    public void A_frame_that_lies_about_its_length_is_refused(int claimed)
    {
        var content = Samples.Events(SeededRandom.Create(), 300).AsSpan(0, 300).ToArray();
        var frame = CompressionCodecs.Zstd().Compress(content);

        // Magic, then a descriptor that says: one segment, checksum, two bytes of size, which count from 256.
        frame[4].Should().Be(0x64);
        BinaryPrimitives.ReadUInt16LittleEndian(frame.AsSpan(5)).Should().Be(300 - 256);
        BinaryPrimitives.WriteUInt16LittleEndian(frame.AsSpan(5), (ushort)(claimed - 256));

        FluentActions.Invoking(() => CompressionCodecs.Zstd().Decompress(frame, 100_000))
            .Should().Throw<DecompressionException>().Which.Fault.Should().Be(DecompressionFault.Damaged);
    }

    [Fact]
    public void A_frame_without_a_checksum_and_a_frame_to_skip_are_refused()
    {
        var content = "content"u8.ToArray();
        var frame = CompressionCodecs.Zstd().Compress(content);
        var unchecked_ = frame[..^4];
        unchecked_[4] &= 0xFB;
        byte[] skippable = [0x50, 0x2A, 0x4D, 0x18, 4, 0, 0, 0, 1, 2, 3, 4];

        foreach (var other in new[] { unchecked_, skippable, [.. skippable, .. frame], [.. frame, .. skippable] })
        {
            FluentActions.Invoking(() => CompressionCodecs.Zstd().Decompress(other, 100))
                .Should().Throw<DecompressionException>().Which.Fault.Should().Be(DecompressionFault.Damaged);
        }
    }

    private static int Mutate(Random random, byte[] original, byte[] changed)
    {
        original.CopyTo(changed, 0);
        var length = original.Length;
        for (var count = random.Next(1, 4); count > 0; count--)
        {
            var at = random.Next(length);
            switch (random.Next(6))
            {
                case 0:
                    changed[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    changed[at] = (byte)random.Next(256);
                    break;
                case 2:
                    // The header, where lengths are.
                    changed[random.Next(Math.Min(12, length))] = (byte)random.Next(256);
                    break;
                case 3:
                    length = Math.Max(1, length - random.Next(4));
                    break;
                case 4:
                    var many = Math.Min(random.Next(8), length - at);
                    random.NextBytes(changed.AsSpan(at, many));
                    break;
                default:
                    // A piece of it, in another place.
                    var run = Math.Min(random.Next(8), length - at);
                    original.AsSpan(random.Next(original.Length - 8), run).CopyTo(changed.AsSpan(at));
                    break;
            }
        }

        return length;
    }
}
