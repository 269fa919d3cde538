using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Archive;

/// <summary>
/// One statement about the batches of an archive: which ones came, which ones went, and what there is in all. Numbered
/// from 1 without gaps, each with the digest of the one before it, never changed. Immutable.
/// </summary>
public sealed class ArchiveManifest
{
    /// <summary>The most batches that one manifest adds: 100,000.</summary>
    public const int MaxBatches = 100_000;

    /// <summary>The most bytes that a manifest has: 64 MiB.</summary>
    public const int MaxBytes = 64 * 1024 * 1024;

    internal const string Folder = "manifests/";

    private readonly byte[] _content;

    internal ArchiveManifest(ManifestHead head, IReadOnlyList<ObjectKey> removed, IReadOnlyList<ManifestBatch> added)
        : this(head, removed, added, ManifestFormat.Write(head, removed, added))
    {
    }

    private ArchiveManifest(
        ManifestHead head, IReadOnlyList<ObjectKey> removed, IReadOnlyList<ManifestBatch> added, byte[] content)
    {
        (Head, Removed, Added, _content) = (head, removed, added, content);
        Digest = Sha256Digest.Of(content);
    }

    /// <summary>Its number, from 1.</summary>
    public long Number => Head.Number;

    /// <summary>
    /// The number of the manifest to begin reading with: that one names all batches that were listed then, and those
    /// behind it, up to this one, what came and went.
    /// </summary>
    public long Base => Head.Base;

    /// <summary>Whether it names all batches, rather than what came and went.</summary>
    public bool IsComplete => Head.Base == Head.Number;

    /// <summary>The store whose events these are.</summary>
    public StoreIdentity Store => Head.Store;

    /// <summary>The epoch of the lease under which it was made.</summary>
    public long LeaderEpoch => Head.LeaderEpoch;

    /// <summary>When it was made, by the clock of who made it.</summary>
    public DateTimeOffset CreatedAt => Head.CreatedAt;

    /// <summary>The digest of the manifest before it; none for the first one.</summary>
    public Sha256Digest Previous => Head.Previous;

    /// <summary>How many batches there are with it.</summary>
    public int BatchCount => Head.Batches;

    /// <summary>How many events they have.</summary>
    public long EventCount => Head.Events;

    /// <summary>The bytes of all their lines.</summary>
    public long ContentBytes => Head.ContentBytes;

    /// <summary>The bytes of all their objects.</summary>
    public long StoredBytes => Head.StoredBytes;

    /// <summary>The batches that are listed no more, each with the key of its object.</summary>
    public IReadOnlyList<ObjectKey> Removed { get; }

    /// <summary>The batches that it lists, in order of positions: all of them when it is complete.</summary>
    public IReadOnlyList<ManifestBatch> Added { get; }

    /// <summary>The SHA-256 of its bytes.</summary>
    public Sha256Digest Digest { get; }

    /// <summary>Its bytes, as they are stored.</summary>
    public ReadOnlyMemory<byte> Content => _content;

    internal ManifestHead Head { get; }

    /// <summary>The key of a manifest: <c>manifests/</c>, its number in 20 digits, <c>.jsonl</c>.</summary>
    /// <param name="number">1 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such number.</exception>
    public static ObjectKey KeyOf(long number)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(number, 1);
        return new ObjectKey(string.Create(
            System.Globalization.CultureInfo.InvariantCulture, $"{Folder}{number:D20}.jsonl"));
    }

    /// <summary>Reads a manifest.</summary>
    /// <param name="content">Its bytes.</param>
    /// <exception cref="InvalidFormatException">They are no manifest, or too many.</exception>
    /// <exception cref="UnsupportedFormatException">It is of another version.</exception>
    public static ArchiveManifest Read(ReadOnlyMemory<byte> content)
    {
        var (head, removed, added) = ManifestFormat.Read(content);
        return new ArchiveManifest(head, removed, added, content.ToArray());
    }
}
