using System.Security.Cryptography;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Tests;

/// <summary>Signers with keys of their own.</summary>
internal static class Signers
{
    public static PemTreeHeadSigner Ed25519(string name, byte seed) =>
        Ed25519(name, [.. Enumerable.Repeat(seed, 32)]);

    public static PemTreeHeadSigner Ed25519(string name, byte[] seed)
    {
        byte[] key = [.. Convert.FromHexString("302e020100300506032b657004220420"), .. seed];
        return PemTreeHeadSigner.Create(name, PemEncoding.WriteString("PRIVATE KEY", key));
    }

    public static PemTreeHeadSigner EcdsaP256(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return PemTreeHeadSigner.Create(name, key.ExportPkcs8PrivateKeyPem());
    }
}
