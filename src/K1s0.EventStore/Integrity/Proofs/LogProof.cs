using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace K1s0.EventStore.Integrity;

/// <summary>That a log holds an entry, in a file of its own, after C2SP tlog-proof. Immutable.</summary>
/// <remarks>
/// <code>
/// c2sp.org/tlog-proof@v1
/// extra base64( bytes of the application )          this line is optional
/// index 73894
/// base64( hash )                                    the inclusion proof, from the leaf's sibling up
/// ...
///                                                   (an empty line)
/// the signed tree head, as it is
/// </code>
/// Files are named <c>*.tlog-proof</c>. What was parsed is written back byte for byte.
/// </remarks>
public sealed class LogProof
{
    /// <summary>The largest number of hashes: 63.</summary>
    public const int MaxPathLength = 63;

    /// <summary>The largest number of extra bytes: 65,535.</summary>
    public const int MaxExtraLength = 65_535;

    private const string FormatName = "tlog-proof";
    private const string Header = "c2sp.org/tlog-proof@v1";
    private const string ExtraPrefix = "extra ";
    private const string IndexPrefix = "index ";

    // Generous for the lines before the checkpoint, and small enough that nobody fills the memory.
    private const int MaxLength = SignedNote.MaxLength + (2 * MaxExtraLength);

    /// <summary>A proof.</summary>
    /// <param name="index">The index of the entry, from 0.</param>
    /// <param name="path">The inclusion proof, at most 63 hashes.</param>
    /// <param name="checkpoint">The signed tree head that it is for.</param>
    /// <param name="extra">Bytes of the application, at most 65,535; null for none. The memory is kept.</param>
    /// <exception cref="ArgumentException">A number is out of its range.</exception>
    public LogProof(
        long index, IReadOnlyList<Sha256Digest> path, SignedNote checkpoint, ReadOnlyMemory<byte>? extra = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(checkpoint);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(path.Count, MaxPathLength, nameof(path));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(extra?.Length ?? 0, MaxExtraLength, nameof(extra));
        (Index, Path, Checkpoint, Extra) = (index, [.. path], checkpoint, extra);
    }

    /// <summary>The index of the entry, from 0.</summary>
    public long Index { get; }

    /// <summary>The inclusion proof, from the leaf's sibling up.</summary>
    public IReadOnlyList<Sha256Digest> Path { get; }

    /// <summary>The signed tree head that the proof is for.</summary>
    public SignedNote Checkpoint { get; }

    /// <summary>Bytes of the application, which nothing protects by itself; null for none.</summary>
    public ReadOnlyMemory<byte>? Extra { get; }

    /// <summary>Reads a proof. Nothing is verified yet.</summary>
    /// <param name="utf8">The bytes of the file.</param>
    /// <exception cref="InvalidFormatException">It is no proof.</exception>
    public static LogProof Parse(ReadOnlySpan<byte> utf8) =>
        Read(utf8, out var proof) is { } error ? throw new InvalidFormatException(FormatName, error) : proof!;

    /// <summary>Reads a proof. Nothing is verified yet. Never throws.</summary>
    /// <param name="utf8">The bytes of the file.</param>
    /// <param name="proof">The proof; null when it is none.</param>
    public static bool TryParse(ReadOnlySpan<byte> utf8, [NotNullWhen(true)] out LogProof? proof) =>
        Read(utf8, out proof) is null;

    /// <summary>Whether the log holds this entry. Never throws on a bad proof.</summary>
    /// <param name="leafHash">The hash of the entry, see <see cref="MerkleHash.Leaf"/>.</param>
    /// <param name="origin">The log.</param>
    /// <param name="keys">The keys that are trusted to sign for that log.</param>
    /// <exception cref="CryptographyUnavailableException">The algorithm of a key is not to be had here.</exception>
    public bool Verify(Sha256Digest leafHash, string origin, IReadOnlyCollection<VerifierKey> keys) =>
        TreeHead.TryOpen(Checkpoint, origin, keys, out var head) && IsIncluded(leafHash, head);

    /// <summary>The bytes of the file.</summary>
    public byte[] ToUtf8() => Encoding.UTF8.GetBytes(ToString());

    /// <summary>The text of the file.</summary>
    public override string ToString()
    {
        var text = new StringBuilder().Append(Header).Append('\n');
        if (Extra is { } extra)
        {
            text.Append(ExtraPrefix).Append(Convert.ToBase64String(extra.Span)).Append('\n');
        }

        text.Append(IndexPrefix).Append(CultureInfo.InvariantCulture, $"{Index}\n");
        foreach (var hash in Path)
        {
            text.Append(Convert.ToBase64String(hash.ToArray())).Append('\n');
        }

        return text.Append('\n').Append(Checkpoint).ToString();
    }

    internal bool IsIncluded(Sha256Digest leafHash, TreeHead head) =>
        InclusionProof.Verify(leafHash, Index, head.Size, [.. Path], head.Root);

    // Null when the proof is well-formed, else what is wrong.
    private static string? Read(ReadOnlySpan<byte> utf8, out LogProof? proof)
    {
        proof = null;
        if (utf8.Length > MaxLength || !StrictText.TryDecode(utf8, out var all))
        {
            return "it is too long, not UTF-8, or has control characters.";
        }

        var rest = all.AsSpan();
        if (!StrictText.TryLine(ref rest, out var line) || line is not Header)
        {
            return $"its first line is not {Header}.";
        }

        byte[]? extra = null;
        var isThere = StrictText.TryLine(ref rest, out line);
        if (isThere && StrictText.TryPrefix(ref line, ExtraPrefix))
        {
            if (!StrictText.TryBase64(line, out extra) || extra.Length > MaxExtraLength)
            {
                return "its extra line is malformed.";
            }

            isThere = StrictText.TryLine(ref rest, out line);
        }

        if (!isThere || !StrictText.TryPrefix(ref line, IndexPrefix) || !StrictText.TryNumber(line, out var index))
        {
            return "its index line is missing or malformed.";
        }

        if (!TryPath(ref rest, out var path))
        {
            return "its hashes are malformed or too many.";
        }

        if (!SignedNote.TryParse(Encoding.UTF8.GetBytes(rest.ToString()), out var checkpoint))
        {
            return "no signed note ends it.";
        }

        proof = new LogProof(index, path, checkpoint, extra is null ? default(ReadOnlyMemory<byte>?) : extra);
        return null;
    }

    private static bool TryPath(ref ReadOnlySpan<char> rest, out List<Sha256Digest> path)
    {
        path = [];
        while (StrictText.TryLine(ref rest, out var line))
        {
            if (line.IsEmpty)
            {
                return true;
            }

            if (path.Count == MaxPathLength || !StrictText.TryDigest(line, out var hash))
            {
                return false;
            }

            path.Add(hash);
        }

        return false;
    }
}
