using System.Security.Cryptography;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Tests;

public sealed class Ed25519Tests
{
    // RFC 8032, section 7.1: TEST 1, 2, 3 and SHA(abc).
    [Theory]
    [InlineData(
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b")]
    [InlineData(
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00")]
    [InlineData(
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a")]
    [InlineData(
        "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704")]
    public void The_examples_of_RFC_8032(string seed, string publicKey, string message, string signature)
    {
        using var key = new Ed25519(Convert.FromHexString(seed));
        var (bytes, signed) = (Convert.FromHexString(message), Convert.FromHexString(signature));

        key.PublicKey().Should().Equal(Convert.FromHexString(publicKey));
        key.Sign(bytes).Should().Equal(signed);
        Ed25519.Verify(key.PublicKey(), bytes, signed).Should().BeTrue();
        Ed25519.Verify(key.PublicKey(), [.. bytes, 0], signed).Should().BeFalse();
        for (var bit = 0; bit < signed.Length * 8; bit++)
        {
            var changed = signed.ToArray();
            changed[bit / 8] ^= (byte)(1 << (bit % 8));
            Ed25519.Verify(key.PublicKey(), bytes, changed).Should().BeFalse();
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(63)]
    [InlineData(65)]
    public void A_signature_of_another_length_is_none(int length) =>
        Ed25519.Verify(new byte[32], [], new byte[length]).Should().BeFalse();

    [Fact]
    public void A_wrong_signature_leaves_nothing_behind_that_the_base_library_stumbles_over()
    {
        Ed25519.Verify(new byte[32], [1], new byte[64]).Should().BeFalse();

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var message = new byte[1];
        key.VerifyData(message, key.SignData(message, HashAlgorithmName.SHA256), HashAlgorithmName.SHA256)
            .Should().BeTrue();
    }

    [Fact]
    public void One_key_signs_from_many_threads()
    {
        using var key = new Ed25519(new byte[32]);
        var expected = key.Sign([1, 2, 3]);

        Parallel.For(0, 1_000, _ => key.Sign([1, 2, 3]).Should().Equal(expected));
    }

    [Fact]
    public void A_missing_library_is_named_with_what_to_install()
    {
        var missing = Assert.Throws<CryptographyUnavailableException>(
            () => OpenSsl.Load(["libnothing.so.3", "libnothing-either.so"]));
        var other = Assert.Throws<CryptographyUnavailableException>(() => OpenSsl.Load(["libc.so.6"]));

        missing.Algorithm.Should().Be("Ed25519");
        missing.Message.Should().Contain("libnothing.so.3, libnothing-either.so").And.Contain("Install OpenSSL 3");
        other.Message.Should().Contain("libc.so.6", "it can be loaded but is another library");
    }
}
