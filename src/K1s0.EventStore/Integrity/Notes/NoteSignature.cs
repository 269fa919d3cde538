using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace K1s0.EventStore.Integrity;

/// <summary>
/// One signature line of a note: who is said to have signed. Immutable; nothing is verified by itself.
/// </summary>
public sealed class NoteSignature
{
    private const string LineStart = "\u2014 ";

    /// <summary>A signature. The memory is kept, not copied.</summary>
    /// <param name="keyName">The name of the key: not empty, without white space and plus signs.</param>
    /// <param name="keyId">The id of the key.</param>
    /// <param name="signature">What the key's algorithm gave; not empty.</param>
    /// <exception cref="ArgumentException">The name is none, or the signature is empty.</exception>
    public NoteSignature(string keyName, uint keyId, ReadOnlyMemory<byte> signature)
    {
        NoteKeyName.Check(keyName);
        if (signature.IsEmpty)
        {
            throw new ArgumentException("A signature has at least one byte.", nameof(signature));
        }

        (KeyName, KeyId, Signature) = (keyName, keyId, signature);
    }

    /// <summary>The name of the key.</summary>
    public string KeyName { get; }

    /// <summary>The id of the key: with the name it says which key and which algorithm.</summary>
    public uint KeyId { get; }

    /// <summary>What the key's algorithm gave.</summary>
    public ReadOnlyMemory<byte> Signature { get; }

    /// <summary>The line, without its newline.</summary>
    public override string ToString()
    {
        var bytes = new byte[sizeof(uint) + Signature.Length];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, KeyId);
        Signature.Span.CopyTo(bytes.AsSpan(sizeof(uint)));
        return $"{LineStart}{KeyName} {Convert.ToBase64String(bytes)}";
    }

    internal static bool TryParse(ReadOnlySpan<char> line, [NotNullWhen(true)] out NoteSignature? signature)
    {
        signature = null;
        if (!StrictText.TryPrefix(ref line, LineStart))
        {
            return false;
        }

        var space = line.IndexOf(' ');
        if (space < 0 || !StrictText.TryBase64(line[(space + 1)..], out var bytes) || bytes.Length <= sizeof(uint))
        {
            return false;
        }

        var name = line[..space].ToString();
        if (!NoteKeyName.IsValid(name))
        {
            return false;
        }

        signature = new NoteSignature(name, BinaryPrimitives.ReadUInt32BigEndian(bytes), bytes.AsMemory(sizeof(uint)));
        return true;
    }
}
