using System.Security.Cryptography;

namespace K1s0.EventStore.Integrity;

/// <summary>ECDSA on P-256 with SHA-256 and signatures in DER, out of the base library.</summary>
internal static class EcdsaP256
{
    private const string CurveOid = "1.2.840.10045.3.1.7";
    private const int PointLength = 64;

    // SubjectPublicKeyInfo of a P-256 key in DER up to the point: SEQUENCE { SEQUENCE { id-ecPublicKey, prime256v1 },
    // BIT STRING { 0x04 (uncompressed), ...
    private static ReadOnlySpan<byte> Prefix =>
    [
        0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08, 0x2A, 0x86, 0x48,
        0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
    ];

    public static bool IsOnCurve(ECDsa key) =>
        string.Equals(
            key.ExportParameters(includePrivateParameters: false).Curve.Oid.Value, CurveOid, StringComparison.Ordinal);

    /// <summary>Whether this is the one DER form of a P-256 key, with a point that is on the curve.</summary>
    public static bool IsPublicKey(ReadOnlySpan<byte> subjectPublicKeyInfo)
    {
        if (subjectPublicKeyInfo.Length != Prefix.Length + PointLength || !subjectPublicKeyInfo.StartsWith(Prefix))
        {
            return false;
        }

        using var key = ECDsa.Create();
        try
        {
            key.ImportSubjectPublicKeyInfo(subjectPublicKeyInfo, out _);
            return true;
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    public static byte[] Sign(ECDsa key, ReadOnlySpan<byte> message) =>
        key.SignData(message, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);

    public static bool Verify(byte[] subjectPublicKeyInfo, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        using var key = ECDsa.Create();
        key.ImportSubjectPublicKeyInfo(subjectPublicKeyInfo, out _);
        return key.VerifyData(
            message, signature, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
    }
}
