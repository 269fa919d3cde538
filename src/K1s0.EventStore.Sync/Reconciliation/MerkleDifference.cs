namespace K1s0.EventStore.Sync;

/// <summary>Where two sets differ, and what it took to find out.</summary>
/// <param name="OnlyLocal">The items that the other side does not have.</param>
/// <param name="OnlyRemote">
/// The items that this side does not have. A key whose value differs stands in both lists.
/// </param>
/// <param name="NodesCompared">
/// How many fingerprints were compared. The last of four siblings is not: its difference is what is left of its
/// parent's.
/// </param>
/// <param name="BytesSent">The bytes of all requests.</param>
/// <param name="BytesReceived">The bytes of all answers.</param>
/// <param name="Rounds">How many requests were sent and answered.</param>
/// <param name="IsComplete">
/// Whether these are all; false while the comparison goes on, and when it stopped at its limit of differences.
/// </param>
public sealed record MerkleDifference(
    IReadOnlyList<MerkleItem> OnlyLocal,
    IReadOnlyList<MerkleItem> OnlyRemote,
    int NodesCompared,
    long BytesSent,
    long BytesReceived,
    int Rounds,
    bool IsComplete);
