using K1s0.EventStore.Integrity;

namespace K1s0.EventStore;

/// <summary>What one step of the sealer adds to the log; stored as a whole or not at all. Immutable.</summary>
/// <param name="Previous">The head that the batch continues; the store refuses it when its head is another.</param>
/// <param name="Size">The number of leaves after it.</param>
/// <param name="Root">The root hash after it.</param>
/// <param name="LastPosition">The position of the last leaf's event.</param>
/// <param name="Tiles">The tiles that are new or have grown.</param>
/// <param name="Runs">The runs of leaves that begin in the batch.</param>
public sealed record SealedBatch(
    SealedHead Previous,
    long Size,
    Sha256Digest Root,
    Position LastPosition,
    IReadOnlyList<TileContent> Tiles,
    IReadOnlyList<LeafRun> Runs);
