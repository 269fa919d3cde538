using System.Security.Cryptography;
using System.Text;
using K1s0.EventStore.Conformance;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Tests;

public sealed class KeyTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(NoteExamples.NeumannKey, "PeterNeumann", 0xc74f20a3)]
    [InlineData(NoteExamples.RekorKey, "rekor.sigstore.dev", 0xc0d23d6a)]
    public void Published_keys_are_read_and_written(string text, string name, uint id)
    {
        var key = VerifierKey.Parse(text);

        (key.Name, key.Id).Should().Be((name, id));
        key.ToString().Should().Be(text);
    }

    [Theory]
    [InlineData(NoteExamples.NeumannKey)]
    [InlineData(NoteExamples.RekorKey)]
    public void Any_changed_byte_of_the_text_of_a_key_is_noticed(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        for (var bit = 0; bit < bytes.Length * 8; bit++)
        {
            var changed = bytes.ToArray();
            changed[bit / 8] ^= (byte)(1 << (bit % 8));
            var mangled = Encoding.Latin1.GetString(changed);

            // The id of an ECDSA key does not cover its name.
            (VerifierKey.TryParse(mangled, out var key)
                && string.Equals(key.Name, VerifierKey.Parse(text).Name, StringComparison.Ordinal)).Should().BeFalse();
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("PeterNeumann")]
    [InlineData("PeterNeumann+c74f20a3")]
    [InlineData("PeterNeumann+c74f20a3+")]
    [InlineData("PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")]
    [InlineData("+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")]
    [InlineData("PeterNeumann+c74f20a3+AhpC")]
    [InlineData("PeterNeumann+c74f20a3+BBpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")]
    public void What_is_no_key_is_refused(string text)
    {
        VerifierKey.TryParse(text, out var key).Should().BeFalse();
        key.Should().BeNull();
        Assert.Throws<InvalidFormatException>(() => VerifierKey.Parse(text)).Format.Should().Be("verifier key");
        VerifierKey.TryParse(null, out _).Should().BeFalse();
    }

    [Fact]
    public void A_key_of_another_length_or_curve_is_refused()
    {
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        using var right = ECDsa.Create(ECCurve.NamedCurves.nistP256);

        Assert.Throws<ArgumentException>(() => VerifierKey.FromEd25519("name", new byte[31]));
        Assert.Throws<ArgumentException>(() => VerifierKey.FromEd25519("na me", new byte[32]));
        Assert.Throws<ArgumentException>(
            () => VerifierKey.FromEcdsaP256("name", other.ExportSubjectPublicKeyInfo()));
        Assert.Throws<ArgumentException>(
            () => VerifierKey.FromEcdsaP256("name", [.. right.ExportSubjectPublicKeyInfo(), 0]));
        VerifierKey.FromEcdsaP256("name", right.ExportSubjectPublicKeyInfo()).Name.Should().Be("name");
    }

    [Fact]
    public async Task Keys_are_read_from_each_kind_of_PEM()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var parameters = PemEncoding.WriteString("EC PARAMETERS", Convert.FromHexString("06082a8648ce3d030107"));
        using var pkcs8 = PemTreeHeadSigner.Create("name", key.ExportPkcs8PrivateKeyPem());
        using var sec1 = PemTreeHeadSigner.Create("name", $"{parameters}\n{key.ExportECPrivateKeyPem()}\n");

        var signature = await sec1.SignAsync("text"u8.ToArray(), Cancellation);

        sec1.Key.ToString().Should().Be(pkcs8.Key.ToString());
        pkcs8.Key.Verify("text"u8, signature.Span).Should().BeTrue();
        pkcs8.Key.Verify("Text"u8, signature.Span).Should().BeFalse();
    }

    [Fact]
    public void What_holds_no_usable_private_key_is_refused_with_the_reason()
    {
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        using var rsa = RSA.Create(2048);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var encrypted = key.ExportEncryptedPkcs8PrivateKeyPem(
            "password", new PbeParameters(PbeEncryptionAlgorithm.Aes128Cbc, HashAlgorithmName.SHA256, 1));
        var shortSeed = Convert.FromHexString("300e020100300506032b6570040204000000");

        Refusal(string.Empty).Should().Contain("no PRIVATE KEY");
        Refusal(key.ExportSubjectPublicKeyInfoPem()).Should().Contain("no PRIVATE KEY");
        Refusal(other.ExportPkcs8PrivateKeyPem()).Should().Contain("not P-256");
        Refusal(encrypted).Should().Contain("encrypted");
        Refusal(rsa.ExportPkcs8PrivateKeyPem()).Should().Contain("cannot be read");
        Refusal(PemEncoding.WriteString("PRIVATE KEY", [1, 2, 3])).Should().Contain("cannot be read");
        Refusal(PemEncoding.WriteString("PRIVATE KEY", shortSeed)).Should().NotBeEmpty();
        Assert.Throws<ArgumentException>(() => PemTreeHeadSigner.Create("na me", key.ExportPkcs8PrivateKeyPem()));
    }

    [Fact]
    public async Task Mangled_signatures_are_wrong_and_nothing_is_thrown()
    {
        var random = SeededRandom.Create();
        using var ed25519 = Signers.Ed25519("name", 1);
        using var ecdsa = Signers.EcdsaP256("name");
        foreach (var signer in (ITreeHeadSigner[])[ed25519, ecdsa])
        {
            var signature = (await signer.SignAsync("text"u8.ToArray(), Cancellation)).ToArray();
            for (var round = 0; round < 500; round++)
            {
                var mangled = Mangling.Of(signature, random);
                signer.Key.Verify("text"u8, mangled).Should().Be(mangled.AsSpan().SequenceEqual(signature));
            }
        }
    }

    [Fact]
    public async Task A_disposed_signer_signs_nothing()
    {
        var ed25519 = Signers.Ed25519("name", 1);
        var ecdsa = Signers.EcdsaP256("name");
        ed25519.Dispose();
        ecdsa.Dispose();

        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await ed25519.SignAsync(default, Cancellation));
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await ecdsa.SignAsync(default, Cancellation));
    }

    private static string Refusal(string pem) =>
        Assert.Throws<InvalidFormatException>(() => PemTreeHeadSigner.Create("name", pem)).Detail;
}
