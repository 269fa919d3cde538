namespace K1s0.EventStore.Sync.Snapshots;

/// <summary>Something that a session wants from the store of snapshots; each is answered by one result.</summary>
internal abstract record SnapshotWork
{
    private SnapshotWork()
    {
    }

    /// <summary>Read the installed manifest: <see cref="SnapshotResult.ManifestRead"/>.</summary>
    public sealed record ReadManifest(string Name) : SnapshotWork;

    /// <summary>
    /// Read the installed manifest, and look whether its chunks are there: <see cref="SnapshotResult.ManifestRead"/>.
    /// </summary>
    public sealed record Check(string Name) : SnapshotWork;

    /// <summary>
    /// Read all chunks of what is installed, and remove what is damaged: <see cref="SnapshotResult.Verified"/>.
    /// </summary>
    public sealed record Verify(SnapshotManifest Manifest) : SnapshotWork;

    /// <summary>Read a chunk: <see cref="SnapshotResult.ChunkRead"/>.</summary>
    public sealed record ReadChunk(string Name, SnapshotChunk Chunk) : SnapshotWork;

    /// <summary>Find out what is missing: <see cref="SnapshotResult.Staged"/>.</summary>
    public sealed record Stage(SnapshotManifest Manifest) : SnapshotWork;

    /// <summary>Make a verified chunk durable: <see cref="SnapshotResult.ChunkStored"/>.</summary>
    public sealed record StoreChunk(string Name, SnapshotChunk Chunk, byte[] Content) : SnapshotWork;

    /// <summary>Verify everything and publish it: <see cref="SnapshotResult.InstallEnded"/>.</summary>
    public sealed record Install(SnapshotManifest Manifest) : SnapshotWork;
}
