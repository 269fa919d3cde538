using System.Security.Cryptography;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Tests;

public sealed class ShortSha256Tests
{
    // Around the blocks of the algorithm, and around the length from which the base library does it.
    public static TheoryData<int, int> Lengths => new() { { 0, 300 }, { 1_000, 1_100 }, { 99_999, 100_001 } };

    [Theory]
    [MemberData(nameof(Lengths))]
    public void HashData_GivesTheDigestOfTheBaseLibrary_AtEveryLength(int from, int to)
    {
        var data = new byte[to];
        new Random(to).NextBytes(data);
        Span<byte> digest = stackalloc byte[40];
        for (var length = from; length <= to; length++)
        {
            digest.Fill(0xA5);
            ShortSha256.HashData(data.AsSpan(0, length), digest);

            digest[..32].SequenceEqual(SHA256.HashData(data.AsSpan(0, length))).Should().BeTrue($"of {length} bytes");
            digest[32..].ToArray().Should().AllBeEquivalentTo((byte)0xA5, "nothing is written behind the digest");
        }
    }

    [Fact]
    public void HashData_OnManyThreads_MixesNothingUp()
    {
        const int Threads = 8;
        Parallel.For(0, Threads, thread =>
        {
            var data = new byte[200];
            new Random(thread).NextBytes(data);
            var expected = SHA256.HashData(data);
            Span<byte> digest = stackalloc byte[32];
            for (var i = 0; i < 20_000; i++)
            {
                ShortSha256.HashData(data, digest);
                digest.SequenceEqual(expected).Should().BeTrue();
            }
        });
    }

    [Fact]
    public void HashData_WithoutRoomForTheDigest_Refuses() =>
        FluentActions.Invoking(() => ShortSha256.HashData([1, 2, 3], new byte[31]))
            .Should().Throw<ArgumentException>();

    [Fact]
    public void OnLinux_ShortInputsTakeTheShortWay() =>
        ShortSha256.IsNative.Should().Be(OperatingSystem.IsLinux() && !IsFipsMode());

    private static bool IsFipsMode() =>
        File.Exists("/proc/sys/crypto/fips_enabled")
        && !string.Equals(
            File.ReadAllText("/proc/sys/crypto/fips_enabled").Trim(), "0", StringComparison.Ordinal);
}
