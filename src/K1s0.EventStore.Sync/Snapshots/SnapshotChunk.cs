using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Sync.Snapshots;

/// <summary>A piece of a snapshot, named by what it holds.</summary>
/// <param name="Digest">The hash of the content as a leaf, see <see cref="MerkleHash.Leaf"/>.</param>
/// <param name="Length">The bytes of the content, 1 to <see cref="SnapshotLimits.MaxChunkBytes"/>.</param>
public readonly record struct SnapshotChunk(Sha256Digest Digest, int Length)
{
    /// <summary>Whether some bytes are this chunk.</summary>
    /// <param name="content">The bytes.</param>
    public bool IsMadeOf(ReadOnlySpan<byte> content) =>
        content.Length == Length && MerkleHash.Leaf(content) == Digest;
}
