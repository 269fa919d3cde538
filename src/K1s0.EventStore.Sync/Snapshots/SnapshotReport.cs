namespace K1s0.EventStore.Sync.Snapshots;

/// <summary>What a session did to take a snapshot.</summary>
/// <param name="End">What became of it.</param>
/// <param name="Manifest">The snapshot that was offered last; null when there was none.</param>
/// <param name="ChunksKept">
/// Chunks that were there already: of the installed one, or from a transfer that was cut.
/// </param>
/// <param name="ChunksReceived">Chunks that came, were verified and are stored.</param>
/// <param name="BytesReceived">Bytes of frames received for it.</param>
/// <param name="BytesSent">Bytes of frames sent for it.</param>
public sealed record SnapshotReport(
    SnapshotEnd End,
    SnapshotManifest? Manifest,
    int ChunksKept,
    int ChunksReceived,
    long BytesReceived,
    long BytesSent)
{
    /// <summary>Whether the peer's snapshot is installed here now.</summary>
    public bool IsInstalled => End is SnapshotEnd.Installed or SnapshotEnd.AlreadyInstalled;
}
