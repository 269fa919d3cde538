namespace K1s0.EventStore.Sync.Snapshots;

/// <summary>What came of a <see cref="SnapshotWork"/>.</summary>
internal abstract record SnapshotResult
{
    private SnapshotResult()
    {
    }

    /// <summary>The installed manifest, null when none can be read, and whether all of its chunks are there.</summary>
    public sealed record ManifestRead(SnapshotManifest? Manifest, bool HasAll = false) : SnapshotResult;

    /// <summary>Whether what is installed is whole.</summary>
    public sealed record Verified(bool IsWhole) : SnapshotResult;

    /// <summary>A chunk as its digest says; null when it is not there, or damaged.</summary>
    public sealed record ChunkRead(ReadOnlyMemory<byte>? Content) : SnapshotResult;

    /// <summary>Which chunks are not there, ascending.</summary>
    public sealed record Staged(IReadOnlyList<int> Missing) : SnapshotResult;

    /// <summary>A chunk is durable.</summary>
    public sealed record ChunkStored(SnapshotChunk Chunk) : SnapshotResult;

    /// <summary>How the installation ended; the chunks that are not there after all, when some are not.</summary>
    public sealed record InstallEnded(SnapshotEnd End, IReadOnlyList<int> Missing) : SnapshotResult;
}
