using K1s0.EventStore.Integrity;

namespace K1s0.EventStore;

/// <summary>The log at one size, as the store keeps it. Immutable.</summary>
/// <param name="Size">The number of leaves.</param>
/// <param name="Root">The root hash of the tree.</param>
/// <param name="LastPosition">The position of the last leaf's event: all events up to it are leaves.</param>
/// <param name="SealedAt">When the store sealed it, by its clock.</param>
/// <param name="Note">The signed tree head; null as long as it is not signed.</param>
public sealed record SealedHead(
    long Size, Sha256Digest Root, Position LastPosition, DateTimeOffset SealedAt, SignedNote? Note)
{
    /// <summary>The log before its first leaf.</summary>
    public static SealedHead Empty { get; } =
        new(0, MerkleHash.Empty, Position.Start, DateTimeOffset.UnixEpoch, Note: null);

    internal TreeHead ToTreeHead(string origin) => new(origin, Size, Root);
}
