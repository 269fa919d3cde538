using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace K1s0.EventStore.Integrity;

/// <summary>A public key with a name, that the signatures of notes are verified with. Immutable, thread-safe.</summary>
/// <remarks>
/// <code>
/// text         name+key id+base64( type | key )        the key id in 8 hexadecimal digits, lower case
///
/// Ed25519      type 0x01; key: 32 bytes after RFC 8032
///              key id: the first 4 bytes of SHA-256( name | 0x0A | 0x01 | key )
/// ECDSA P-256  type 0x02; key: SubjectPublicKeyInfo in DER; signatures: SHA-256, in DER
///              key id: the first 4 bytes of SHA-256( key )
/// </code>
/// The types, ids and texts are those of C2SP signed-note.
/// </remarks>
public sealed class VerifierKey
{
    private const string FormatName = "verifier key";
    private const byte Ed25519Type = 1;
    private const byte EcdsaType = 2;

    private readonly byte _type;
    private readonly byte[] _key;

    private VerifierKey(string name, uint id, byte type, byte[] key) =>
        (Name, Id, _type, _key) = (name, id, type, key);

    /// <summary>The name of the key; that of a log should be the log's origin.</summary>
    public string Name { get; }

    /// <summary>The id of the key: with the name it says which key and which algorithm.</summary>
    public uint Id { get; }

    /// <summary>An Ed25519 key.</summary>
    /// <param name="name">The name: not empty, without white space and plus signs.</param>
    /// <param name="publicKey">32 bytes.</param>
    /// <exception cref="ArgumentException">The name is none, or the length is another.</exception>
    public static VerifierKey FromEd25519(string name, ReadOnlySpan<byte> publicKey)
    {
        NoteKeyName.Check(name);
        return publicKey.Length == Ed25519.KeyLength
            ? new VerifierKey(name, Ed25519Id(name, publicKey), Ed25519Type, publicKey.ToArray())
            : throw new ArgumentException("An Ed25519 public key has 32 bytes.", nameof(publicKey));
    }

    /// <summary>An ECDSA key on the curve P-256.</summary>
    /// <param name="name">The name: not empty, without white space and plus signs.</param>
    /// <param name="subjectPublicKeyInfo">The key in DER.</param>
    /// <exception cref="ArgumentException">The name is none, or the key is no P-256 key in DER.</exception>
    public static VerifierKey FromEcdsaP256(string name, ReadOnlySpan<byte> subjectPublicKeyInfo)
    {
        NoteKeyName.Check(name);
        return EcdsaP256.IsPublicKey(subjectPublicKeyInfo)
            ? new VerifierKey(name, EcdsaId(subjectPublicKeyInfo), EcdsaType, subjectPublicKeyInfo.ToArray())
            : throw new ArgumentException("This is no P-256 public key in DER.", nameof(subjectPublicKeyInfo));
    }

    /// <summary>Reads the text of a key.</summary>
    /// <param name="text">The text, as <see cref="ToString"/> writes it.</param>
    /// <exception cref="InvalidFormatException">It is no key of a known type, or its id does not fit.</exception>
    public static VerifierKey Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return TryParse(text, out var key)
            ? key
            : throw new InvalidFormatException(
                FormatName, $"'{text}' is not name+id+base64 with a fitting id and a key of type 1 or 2.");
    }

    /// <summary>Reads the text of a key. Never throws.</summary>
    /// <param name="text">The text, as <see cref="ToString"/> writes it.</param>
    /// <param name="key">The key; null when it is none.</param>
    public static bool TryParse(string? text, [NotNullWhen(true)] out VerifierKey? key)
    {
        key = null;
        if (text?.Split('+', 3) is not [var name, _, var base64]
            || !NoteKeyName.IsValid(name)
            || !StrictText.TryBase64(base64, out var bytes)
            || bytes.Length == 0)
        {
            return false;
        }

        var found = bytes[0] switch
        {
            Ed25519Type when bytes.Length == 1 + Ed25519.KeyLength => FromEd25519(name, bytes.AsSpan(1)),
            EcdsaType when EcdsaP256.IsPublicKey(bytes.AsSpan(1)) => FromEcdsaP256(name, bytes.AsSpan(1)),
            _ => null,
        };

        // The id is computed, so the text fits only if it has the same one.
        key = string.Equals(found?.ToString(), text, StringComparison.Ordinal) ? found : null;
        return key is not null;
    }

    /// <summary>Whether the key signed these bytes. Never throws on a bad signature.</summary>
    /// <param name="message">The bytes that are said to be signed.</param>
    /// <param name="signature">The signature.</param>
    /// <exception cref="CryptographyUnavailableException">The key's algorithm is not to be had here.</exception>
    public bool Verify(ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature) => _type == Ed25519Type
        ? Ed25519.Verify(_key, message, signature)
        : EcdsaP256.Verify(_key, message, signature);

    /// <summary>The text of the key: <c>name+id+base64</c>.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Name}+{Id:x8}+{Convert.ToBase64String([_type, .. _key])}");

    internal bool IsOf(NoteSignature signature) =>
        signature.KeyId == Id && string.Equals(signature.KeyName, Name, StringComparison.Ordinal);

    private static uint Ed25519Id(string name, ReadOnlySpan<byte> publicKey) =>
        BinaryPrimitives.ReadUInt32BigEndian(
            SHA256.HashData([.. Encoding.UTF8.GetBytes(name), (byte)'\n', Ed25519Type, .. publicKey]));

    private static uint EcdsaId(ReadOnlySpan<byte> subjectPublicKeyInfo) =>
        BinaryPrimitives.ReadUInt32BigEndian(SHA256.HashData(subjectPublicKeyInfo));
}
