using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Tests;

public sealed class Sha256DigestTests
{
    // FIPS 180-4 examples.
    [Theory]
    [InlineData("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    [InlineData("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")]
    public void Known_answers(string text, string digest) =>
        Sha256Digest.Of(System.Text.Encoding.ASCII.GetBytes(text)).ToString().Should().Be(digest);

    [Fact]
    public void Bytes_and_text_come_back()
    {
        var digest = Sha256Digest.Of("abc"u8);

        new Sha256Digest(digest.ToArray()).Should().Be(digest);
        Sha256Digest.Parse(digest.ToString()).Should().Be(digest);
        Sha256Digest.Parse(digest.ToString().ToUpperInvariant()).Should().Be(digest);
        digest.Should().NotBe(Sha256Digest.Of("abd"u8));
    }

    [Fact]
    public void The_default_value_is_no_digest()
    {
        default(Sha256Digest).IsNone.Should().BeTrue();
        default(Sha256Digest).ToString().Should().Be(new string('0', 64));
        Sha256Digest.Of([]).IsNone.Should().BeFalse();
    }

    [Fact]
    public void A_single_bit_anywhere_makes_it_another_digest_that_is_not_none()
    {
        for (var bit = 0; bit < Sha256Digest.Length * 8; bit++)
        {
            var bytes = new byte[Sha256Digest.Length];
            bytes[bit / 8] = (byte)(1 << (bit % 8));

            var digest = new Sha256Digest(bytes);

            digest.IsNone.Should().BeFalse();
            digest.Should().NotBe(default(Sha256Digest));
            digest.ToArray().Should().Equal(bytes);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(31)]
    [InlineData(33)]
    public void Another_length_is_refused(int length)
    {
        Assert.Throws<ArgumentException>(() => new Sha256Digest(new byte[length]));
        Assert.Throws<ArgumentException>(() => Sha256Digest.Parse(new string('a', length * 2)));
    }

    [Fact]
    public void Text_that_is_not_hexadecimal_is_refused() =>
        Assert.Throws<FormatException>(() => Sha256Digest.Parse(new string('g', 64)));

    [Fact]
    public void Room_that_is_too_small_is_refused() =>
        Assert.ThrowsAny<ArgumentException>(() => Sha256Digest.Of([]).CopyTo(new byte[31]));
}
