using System.Security.Cryptography;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.TrimmedSmoke;

/// <summary>From a stored event to its proof and back, with each kind of key.</summary>
internal static class LedgerWalk
{
    private const string Origin = "example.com/orders";

    // The private key of the first example of RFC 8032 in PKCS #8; its public key is known.
    private const string Ed25519Key =
        "302e020100300506032b6570042204209d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";

    private const string Ed25519PublicKey = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

    public static async Task<IReadOnlyList<string>> RunAsync(EventEnvelope first)
    {
        using var ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var ecdsaSigner = PemTreeHeadSigner.Create(Origin, ecdsa.ExportPkcs8PrivateKeyPem());
        using var ed25519Signer = PemTreeHeadSigner.Create(
            Origin, PemEncoding.WriteString("PRIVATE KEY", Convert.FromHexString(Ed25519Key)));
        var (record, tree) = (LeafRecord.Of(first), new MerkleTree());
        tree.Append(record.LeafHash());
        var checkpoint = await new TreeHead(Origin, tree.Size, tree.Root).SignAsync([ecdsaSigner, ed25519Signer]);
        var file = new EventProof(record, StreamHead.Empty(first.StreamId).ChainHash, 0, [], checkpoint).ToUtf8();

        var failures = new List<string>();
        var known = VerifierKey.FromEd25519(Origin, Convert.FromHexString(Ed25519PublicKey));
        foreach (var key in (VerifierKey[])[known, VerifierKey.Parse(ecdsaSigner.Key.ToString())])
        {
            var verdict = EventProof.Parse(file).Verify(first, Origin, [key]);
            if (verdict != EventProofVerdict.Valid)
            {
                failures.Add($"the proof of {first} with {key} is {verdict}");
            }
        }

        return failures;
    }
}
