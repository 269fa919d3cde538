using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Sync.Snapshots;

/// <summary>
/// What a snapshot is: of which state, as of which events, and of which chunks. The same state as of the same events
/// gives the same manifest on every replica. Immutable, safe to share between threads.
/// </summary>
public sealed class SnapshotManifest
{
    private readonly byte[] _bytes;

    /// <summary>Takes what was checked, with its encoding.</summary>
    internal SnapshotManifest(
        SnapshotHeader header, IReadOnlyList<SnapshotChunk> chunks, Sha256Digest root, byte[] bytes)
    {
        (Name, SchemaVersion, EntryCount, Heads) = (header.Name, header.SchemaVersion, header.EntryCount, header.Heads);
        (Chunks, Root, _bytes) = (chunks, root, bytes);
        Bytes = chunks.Sum(chunk => (long)chunk.Length);
        Clock = VectorClock.Of([.. Heads.Select(head => head.Last)]);
    }

    /// <summary>Which state it is of.</summary>
    public string Name { get; }

    /// <summary>The version of the application's layout of keys and values, 1 or more.</summary>
    public int SchemaVersion { get; }

    /// <summary>How many entries the state has.</summary>
    public long EntryCount { get; }

    /// <summary>
    /// The frontier: the end of each origin's log up to which events are in the state, by origin, with the hashes.
    /// </summary>
    public IReadOnlyList<OriginHead> Heads { get; }

    /// <summary>The frontier as a clock: what comes after it has to be applied to the state.</summary>
    public VectorClock Clock { get; }

    /// <summary>The chunks, by ascending key.</summary>
    public IReadOnlyList<SnapshotChunk> Chunks { get; }

    /// <summary>The bytes of all chunks.</summary>
    public long Bytes { get; }

    /// <summary>
    /// The root of the Merkle tree (RFC 6962) over the header and the chunks: names the snapshot, every bit of it.
    /// </summary>
    public Sha256Digest Root { get; }

    /// <summary>Reads what <see cref="ToArray"/> wrote.</summary>
    /// <param name="bytes">The whole encoding and nothing behind it.</param>
    /// <exception cref="UnsupportedFormatException">It is of another version.</exception>
    /// <exception cref="InvalidFormatException">It is cut, changed, not canonical, or exceeds a limit.</exception>
    public static SnapshotManifest Decode(ReadOnlySpan<byte> bytes) => SnapshotFormat.Decode(bytes);

    /// <summary>The canonical encoding: see the package's README for the layout.</summary>
    public byte[] ToArray() => [.. _bytes];

    internal ReadOnlySpan<byte> Encoded => _bytes;

    /// <summary>Name, clock and root, for people.</summary>
    public override string ToString() => $"{Name}/{SchemaVersion} at {Clock}: {Root}";
}
