namespace K1s0.EventStore.Integrity;

/// <summary>Ed25519 after RFC 8032, by the system's OpenSSL. The private key stays in that library's memory.</summary>
internal sealed class Ed25519 : IDisposable
{
    public const int KeyLength = 32;
    public const int SignatureLength = 64;

    private const int Success = 1;

    private readonly OpenSsl.SafeKeyHandle _key;

    /// <summary>A private key.</summary>
    /// <param name="seed">The 32 bytes that RFC 8032 calls the private key.</param>
    public Ed25519(ReadOnlySpan<byte> seed)
    {
        OpenSsl.EnsureLoaded();
        _key = OpenSsl.NewPrivateKey(OpenSsl.Ed25519KeyType, 0, seed, (nuint)seed.Length);
        ThrowUnless(!_key.IsInvalid);
    }

    public void Dispose() => _key.Dispose();

    public byte[] PublicKey()
    {
        var publicKey = new byte[KeyLength];
        var length = (nuint)publicKey.Length;
        ThrowUnless(OpenSsl.GetPublicKey(_key, publicKey, ref length) == Success && length == KeyLength);
        return publicKey;
    }

    public byte[] Sign(ReadOnlySpan<byte> message)
    {
        using var context = OpenSsl.NewContext();
        var signature = new byte[SignatureLength];
        var length = (nuint)signature.Length;
        ThrowUnless(
            !context.IsInvalid
            && OpenSsl.SignInit(context, 0, 0, 0, _key) == Success
            && OpenSsl.Sign(context, signature, ref length, message, (nuint)message.Length) == Success
            && length == SignatureLength);
        return signature;
    }

    public static bool Verify(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        if (signature.Length != SignatureLength)
        {
            return false;
        }

        OpenSsl.EnsureLoaded();
        using var key = OpenSsl.NewPublicKey(OpenSsl.Ed25519KeyType, 0, publicKey, (nuint)publicKey.Length);
        using var context = OpenSsl.NewContext();
        ThrowUnless(!key.IsInvalid && !context.IsInvalid);
        ThrowUnless(OpenSsl.VerifyInit(context, 0, 0, 0, key) == Success);
        var isValid = OpenSsl.Verify(
            context, signature, (nuint)signature.Length, message, (nuint)message.Length) == Success;
        if (!isValid)
        {
            OpenSsl.ClearErrors();
        }

        return isValid;
    }

    private static void ThrowUnless(bool succeeded)
    {
        if (!succeeded)
        {
            OpenSsl.ClearErrors();
            throw new CryptographyUnavailableException(
                "Ed25519", "the OpenSSL of this machine refuses it, for example because it runs in a FIPS mode.");
        }
    }
}
