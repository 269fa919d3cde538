using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace K1s0.EventStore.Integrity;

/// <summary>A text with the signatures of one or more keys, after C2SP signed-note. Immutable.</summary>
/// <remarks>
/// <code>
/// text, one or more lines, each ended by a newline
///                                                                             (an empty line)
/// — key name base64( key id (4 bytes, big-endian) | signature )               (one line for each signature)
/// </code>
/// UTF-8 without control characters. What was parsed is written back byte for byte.
/// </remarks>
public sealed class SignedNote
{
    /// <summary>The length of the longest note in bytes: 1,000,000.</summary>
    public const int MaxLength = 1_000_000;

    /// <summary>The largest number of signatures: 100.</summary>
    public const int MaxSignatures = 100;

    private const string FormatName = "signed note";

    private readonly byte[] _utf8;
    private readonly int _textLength;

    /// <summary>A note.</summary>
    /// <param name="text">The text: ends with a newline, without other control characters.</param>
    /// <param name="signatures">1 to 100 signatures.</param>
    /// <exception cref="ArgumentException">Text or signatures cannot stand in a note.</exception>
    public SignedNote(string text, IReadOnlyList<NoteSignature> signatures)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(signatures);
        if (signatures.Count is 0 or > MaxSignatures)
        {
            throw new ArgumentException($"A note has 1 to {MaxSignatures} signatures.", nameof(signatures));
        }

        _textLength = CheckedText(text).Length;
        (Text, Signatures) = (text, [.. signatures]);
        _utf8 = Encoding.UTF8.GetBytes(ToString());
        if (_utf8.Length > MaxLength)
        {
            throw new ArgumentException($"A note has at most {MaxLength} bytes.", nameof(text));
        }
    }

    private SignedNote(string text, List<NoteSignature> signatures, byte[] utf8)
    {
        (Text, Signatures, _utf8) = (text, signatures, utf8);
        _textLength = Encoding.UTF8.GetByteCount(text);
    }

    /// <summary>The text that is signed, with its last newline. To be ignored until a signature is verified.</summary>
    public string Text { get; }

    /// <summary>The signatures, known or not, in the order of the note.</summary>
    public IReadOnlyList<NoteSignature> Signatures { get; }

    /// <summary>Reads a note. Nothing is verified yet.</summary>
    /// <param name="utf8">The bytes of the note.</param>
    /// <exception cref="InvalidFormatException">It is no note.</exception>
    public static SignedNote Parse(ReadOnlySpan<byte> utf8) =>
        Read(utf8, out var note) is { } error ? throw new InvalidFormatException(FormatName, error) : note!;

    /// <summary>Reads a note. Nothing is verified yet. Never throws.</summary>
    /// <param name="utf8">The bytes of the note.</param>
    /// <param name="note">The note; null when it is none.</param>
    public static bool TryParse(ReadOnlySpan<byte> utf8, [NotNullWhen(true)] out SignedNote? note) =>
        Read(utf8, out note) is null;

    /// <summary>
    /// Signs a text with one or more keys. While keys are changed, sign with the old and the new one.
    /// </summary>
    /// <param name="text">The text: ends with a newline, without other control characters.</param>
    /// <param name="signers">1 to 100 signers; each signature is verified before it is used.</param>
    /// <param name="cancellationToken">Gives up; a key service may have signed all the same.</param>
    /// <exception cref="ArgumentException">The text cannot stand in a note, or there is no signer.</exception>
    /// <exception cref="SigningException">A signature does not fit its signer's own key.</exception>
    public static async Task<SignedNote> SignAsync(
        string text, IReadOnlyList<ITreeHeadSigner> signers, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(signers);
        var utf8 = CheckedText(text);
        var signatures = new List<NoteSignature>(signers.Count);
        foreach (var signer in signers)
        {
            var signature = await signer.SignAsync(utf8, cancellationToken).ConfigureAwait(false);
            if (!signer.Key.Verify(utf8, signature.Span))
            {
                throw new SigningException(signer.Key.Name);
            }

            signatures.Add(new NoteSignature(signer.Key.Name, signer.Key.Id, signature));
        }

        return new SignedNote(text, signatures);
    }

    /// <summary>
    /// Whether one of these keys signed the text, and every signature that one of them is said to have given is right.
    /// Signatures of other keys are ignored. Never throws on a bad signature.
    /// </summary>
    /// <param name="keys">The keys that are trusted.</param>
    /// <exception cref="CryptographyUnavailableException">The algorithm of a key is not to be had here.</exception>
    public bool IsSignedBy(IReadOnlyCollection<VerifierKey> keys)
    {
        ArgumentNullException.ThrowIfNull(keys);
        var isSigned = false;
        foreach (var signature in Signatures)
        {
            foreach (var key in keys.Where(key => key.IsOf(signature)))
            {
                if (!key.Verify(_utf8.AsSpan(0, _textLength), signature.Signature.Span))
                {
                    return false;
                }

                isSigned = true;
            }
        }

        return isSigned;
    }

    /// <summary>The bytes of the note, in a new array.</summary>
    public byte[] ToUtf8() => [.. _utf8];

    /// <summary>The note as text.</summary>
    public override string ToString() =>
        $"{Text}\n{string.Concat(Signatures.Select(signature => $"{signature}\n"))}";

    private static byte[] CheckedText(string text) =>
        text.EndsWith('\n') && StrictText.TryEncode(text) is { } utf8
            ? utf8
            : throw new ArgumentException(
                "The text of a note ends with a newline and has no other control character.", nameof(text));

    // Null when the note is well-formed, else what is wrong.
    private static string? Read(ReadOnlySpan<byte> utf8, out SignedNote? note)
    {
        note = null;
        if (utf8.Length > MaxLength)
        {
            return string.Create(CultureInfo.InvariantCulture, $"it has more than {MaxLength} bytes.");
        }

        if (!StrictText.TryDecode(utf8, out var all))
        {
            return "it is not UTF-8, or has control characters.";
        }

        var end = all.LastIndexOf("\n\n", StringComparison.Ordinal);
        if (end < 0)
        {
            return "no empty line comes before the signatures.";
        }

        var signatures = new List<NoteSignature>();
        for (var rest = all.AsSpan(end + 2); !rest.IsEmpty;)
        {
            if (signatures.Count == MaxSignatures
                || !StrictText.TryLine(ref rest, out var line)
                || !NoteSignature.TryParse(line, out var signature))
            {
                return string.Create(
                    CultureInfo.InvariantCulture,
                    $"signature line {signatures.Count + 1} is malformed or one too many.");
            }

            signatures.Add(signature);
        }

        if (signatures.Count == 0)
        {
            return "it has no signature.";
        }

        note = new SignedNote(all[..(end + 1)], signatures, utf8.ToArray());
        return null;
    }
}
