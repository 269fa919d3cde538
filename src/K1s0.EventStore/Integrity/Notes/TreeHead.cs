using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace K1s0.EventStore.Integrity;

/// <summary>What a log says about itself at one size, after C2SP tlog-checkpoint. Immutable.</summary>
/// <remarks>
/// <code>
/// example.com/orders                                      origin: which log this is
/// 20852163                                                size: number of leaves, decimal, no leading zeros
/// CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=            root hash of the tree, base64
/// ...                                                     further lines, if any; not advised
/// </code>
/// The text, with a newline behind each line, is signed as a <see cref="SignedNote"/>.
/// </remarks>
public sealed record TreeHead
{
    private const string FormatName = "tree head";

    /// <summary>A tree head.</summary>
    /// <param name="origin">Which log this is: not empty, one line.</param>
    /// <param name="size">The number of leaves, 0 or more.</param>
    /// <param name="root">The root hash of the tree.</param>
    /// <param name="extension">Further lines, each not empty and ended by a newline; none by default.</param>
    /// <exception cref="ArgumentException">Origin or extension cannot stand in a tree head.</exception>
    public TreeHead(string origin, long size, Sha256Digest root, string extension = "")
    {
        ArgumentNullException.ThrowIfNull(origin);
        ArgumentOutOfRangeException.ThrowIfNegative(size);
        ArgumentNullException.ThrowIfNull(extension);
        if (origin.Length == 0
            || origin.Contains('\n', StringComparison.Ordinal)
            || StrictText.TryEncode(origin) is null)
        {
            throw new ArgumentException("An origin is one line of text, and not empty.", nameof(origin));
        }

        if (!IsExtension(extension) || StrictText.TryEncode(extension) is null)
        {
            throw new ArgumentException("Further lines are not empty, and end with a newline each.", nameof(extension));
        }

        (Origin, Size, Root, Extension) = (origin, size, root, extension);
    }

    /// <summary>Which log this is.</summary>
    public string Origin { get; }

    /// <summary>The number of leaves.</summary>
    public long Size { get; }

    /// <summary>The root hash of the tree.</summary>
    public Sha256Digest Root { get; }

    /// <summary>Further lines, each ended by a newline; empty when there are none.</summary>
    public string Extension { get; }

    /// <summary>Reads the text of a tree head.</summary>
    /// <param name="text">The text, as <see cref="ToText"/> writes it.</param>
    /// <exception cref="InvalidFormatException">It is no tree head.</exception>
    public static TreeHead Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return TryParse(text, out var head)
            ? head
            : throw new InvalidFormatException(FormatName, "it is not origin, size and root in lines of their own.");
    }

    /// <summary>Reads the text of a tree head. Never throws.</summary>
    /// <param name="text">The text, as <see cref="ToText"/> writes it.</param>
    /// <param name="head">The head; null when it is none.</param>
    public static bool TryParse(string? text, [NotNullWhen(true)] out TreeHead? head)
    {
        head = null;
        var rest = text.AsSpan();
        if (!StrictText.TryLine(ref rest, out var origin)
            || origin.IsEmpty
            || !StrictText.TryLine(ref rest, out var digits)
            || !StrictText.TryNumber(digits, out var size)
            || !StrictText.TryLine(ref rest, out var base64)
            || !StrictText.TryDigest(base64, out var root)
            || !IsExtension(rest)
            || StrictText.TryEncode(text!) is null)
        {
            return false;
        }

        head = new TreeHead(origin.ToString(), size, root, rest.ToString());
        return true;
    }

    /// <summary>
    /// The tree head in a note, if the note is signed by a key that is trusted, and says what it says about this log.
    /// Never throws on a bad note.
    /// </summary>
    /// <param name="checkpoint">The note.</param>
    /// <param name="origin">The log that it must be about.</param>
    /// <param name="keys">The keys that are trusted to sign for that log.</param>
    /// <param name="head">The head; null when the note is not trusted.</param>
    /// <exception cref="CryptographyUnavailableException">The algorithm of a key is not to be had here.</exception>
    public static bool TryOpen(
        SignedNote checkpoint,
        string origin,
        IReadOnlyCollection<VerifierKey> keys,
        [NotNullWhen(true)] out TreeHead? head)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        ArgumentNullException.ThrowIfNull(origin);
        head = checkpoint.IsSignedBy(keys)
            && TryParse(checkpoint.Text, out var found)
            && string.Equals(found.Origin, origin, StringComparison.Ordinal)
                ? found
                : null;
        return head is not null;
    }

    /// <summary>Signs the head. While keys are changed, sign with the old and the new one.</summary>
    /// <param name="signers">1 to 100 signers.</param>
    /// <param name="cancellationToken">Gives up; a key service may have signed all the same.</param>
    /// <exception cref="SigningException">A signature does not fit its signer's own key.</exception>
    public Task<SignedNote> SignAsync(
        IReadOnlyList<ITreeHeadSigner> signers, CancellationToken cancellationToken = default) =>
        SignedNote.SignAsync(ToText(), signers, cancellationToken);

    /// <summary>The text that is signed.</summary>
    public string ToText() => string.Create(
        CultureInfo.InvariantCulture, $"{Origin}\n{Size}\n{Convert.ToBase64String(Root.ToArray())}\n{Extension}");

    private static bool IsExtension(ReadOnlySpan<char> text) =>
        text.IsEmpty || (text[^1] == '\n' && text[0] != '\n' && text.IndexOf("\n\n", StringComparison.Ordinal) < 0);
}
