using System.Formats.Asn1;
using System.Security.Cryptography;

namespace K1s0.EventStore.Integrity;

/// <summary>Signs with a private key in PEM: Ed25519, or ECDSA on P-256. Thread-safe.</summary>
/// <remarks>
/// <para>Read are <c>PRIVATE KEY</c> (PKCS #8, both) and <c>EC PRIVATE KEY</c> (ECDSA), not encrypted.
/// <c>openssl genpkey -algorithm ed25519</c> makes one.</para>
/// <para>Ed25519 is done by the system's OpenSSL 3, ECDSA by the base library.</para>
/// </remarks>
public sealed class PemTreeHeadSigner : ITreeHeadSigner, IDisposable
{
    private const string FormatName = "private key in PEM";
    private const string Ed25519Oid = "1.3.101.112";

    private readonly Ed25519? _ed25519;

    // One at a time, under its own lock: the base library does not promise that an instance can be shared.
    private readonly ECDsa? _ecdsa;

    private PemTreeHeadSigner(string keyName, Ed25519 key)
    {
        _ed25519 = key;
        Key = VerifierKey.FromEd25519(keyName, key.PublicKey());
    }

    private PemTreeHeadSigner(string keyName, ECDsa key)
    {
        _ecdsa = key;
        Key = VerifierKey.FromEcdsaP256(keyName, key.ExportSubjectPublicKeyInfo());
    }

    /// <inheritdoc/>
    public VerifierKey Key { get; }

    /// <summary>A signer with a key from PEM.</summary>
    /// <param name="keyName">The name of the key; that of a log should be the log's origin.</param>
    /// <param name="pem">The text of the PEM file; certificates and parameters beside the key are passed over.</param>
    /// <exception cref="ArgumentException">The name is empty, or has white space or a plus sign.</exception>
    /// <exception cref="InvalidFormatException">There is no key of these kinds in it.</exception>
    /// <exception cref="CryptographyUnavailableException">The key is Ed25519, which is not to be had here.</exception>
    public static PemTreeHeadSigner Create(string keyName, ReadOnlySpan<char> pem)
    {
        NoteKeyName.Check(keyName);
        while (PemEncoding.TryFind(pem, out var fields))
        {
            var label = pem[fields.Label];
            if (label is "PRIVATE KEY" or "EC PRIVATE KEY")
            {
                var der = new byte[fields.DecodedDataLength];
                Convert.TryFromBase64Chars(pem[fields.Base64Data], der, out _);
                try
                {
                    return label is "PRIVATE KEY" ? FromPkcs8(keyName, der) : FromEcdsa(keyName, der, isPkcs8: false);
                }
                catch (Exception e)
                    when (e is AsnContentException or CryptographicException or PlatformNotSupportedException)
                {
                    throw new InvalidFormatException(FormatName, "its contents cannot be read.", e);
                }
                finally
                {
                    CryptographicOperations.ZeroMemory(der);
                }
            }

            if (label is "ENCRYPTED PRIVATE KEY")
            {
                throw new InvalidFormatException(FormatName, "it is encrypted; keep it in a secret store, in clear.");
            }

            pem = pem[fields.Location.End..];
        }

        throw new InvalidFormatException(FormatName, "no PRIVATE KEY and no EC PRIVATE KEY is in it.");
    }

    /// <inheritdoc/>
    /// <exception cref="ObjectDisposedException">The signer is disposed.</exception>
    public ValueTask<ReadOnlyMemory<byte>> SignAsync(
        ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return ValueTask.FromResult<ReadOnlyMemory<byte>>(Sign(message.Span));
    }

    /// <summary>Forgets the private key.</summary>
    public void Dispose()
    {
        _ed25519?.Dispose();
        _ecdsa?.Dispose();
    }

    private byte[] Sign(ReadOnlySpan<byte> message)
    {
        if (_ecdsa is null)
        {
            return _ed25519!.Sign(message);
        }

        lock (_ecdsa)
        {
            return EcdsaP256.Sign(_ecdsa, message);
        }
    }

    private static PemTreeHeadSigner FromPkcs8(string keyName, byte[] der)
    {
        // PrivateKeyInfo of RFC 5208 and 5958: version, algorithm, key; what may follow is not needed.
        var info = new AsnReader(der, AsnEncodingRules.DER).ReadSequence();
        info.ReadInteger();
        var algorithm = info.ReadSequence().ReadObjectIdentifier();
        if (!string.Equals(algorithm, Ed25519Oid, StringComparison.Ordinal))
        {
            return FromEcdsa(keyName, der, isPkcs8: true);
        }

        var seed = new AsnReader(info.ReadOctetString(), AsnEncodingRules.DER).ReadOctetString();
        try
        {
            return seed.Length == Ed25519.KeyLength
                ? new PemTreeHeadSigner(keyName, new Ed25519(seed))
                : throw new InvalidFormatException(FormatName, "an Ed25519 key has 32 bytes.");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(seed);
        }
    }

    private static PemTreeHeadSigner FromEcdsa(string keyName, byte[] der, bool isPkcs8)
    {
        var key = ECDsa.Create();
        try
        {
            if (isPkcs8)
            {
                key.ImportPkcs8PrivateKey(der, out _);
            }
            else
            {
                key.ImportECPrivateKey(der, out _);
            }

            return EcdsaP256.IsOnCurve(key)
                ? new PemTreeHeadSigner(keyName, key)
                : throw new InvalidFormatException(FormatName, "its curve is not P-256.");
        }
        catch
        {
            key.Dispose();
            throw;
        }
    }
}
