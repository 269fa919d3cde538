using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Sync.Snapshots;

/// <summary>
/// Where a node keeps snapshots: under each name the chunks, and the manifest of the one that is installed. It knows
/// nothing of what the bytes mean; whoever reads checks them against their digests. One node uses it at a time.
/// </summary>
/// <remarks>
/// Calls of one name may come from several threads, but not two writes of one chunk, and never two installations.
/// </remarks>
public interface ISnapshotChunkStore
{
    /// <summary>The manifest that was installed last; null when there is none.</summary>
    /// <param name="name">The name of the snapshot, see <see cref="SnapshotLimits.MaxNameLength"/>.</param>
    /// <param name="cancellationToken">Gives up.</param>
    Task<ReadOnlyMemory<byte>?> ReadInstalledAsync(string name, CancellationToken cancellationToken = default);

    /// <summary>
    /// Puts a manifest in the place of the installed one, at one instant: whoever reads, and whoever reads after a
    /// crash, gets the whole of one or the whole of the other. Durable when it returns, and with it every chunk that
    /// was written before.
    /// </summary>
    /// <param name="name">The name of the snapshot.</param>
    /// <param name="manifest">The manifest.</param>
    /// <param name="cancellationToken">Gives up before the change.</param>
    Task InstallAsync(string name, ReadOnlyMemory<byte> manifest, CancellationToken cancellationToken = default);

    /// <summary>The digests of the chunks that are there.</summary>
    /// <param name="name">The name of the snapshot.</param>
    /// <param name="cancellationToken">Gives up.</param>
    Task<IReadOnlyCollection<Sha256Digest>> ReadDigestsAsync(
        string name, CancellationToken cancellationToken = default);

    /// <summary>The content that is stored for a chunk; null when nothing is.</summary>
    /// <param name="name">The name of the snapshot.</param>
    /// <param name="chunk">The chunk; more bytes than it has are never given.</param>
    /// <param name="cancellationToken">Gives up.</param>
    Task<ReadOnlyMemory<byte>?> ReadChunkAsync(
        string name, SnapshotChunk chunk, CancellationToken cancellationToken = default);

    /// <summary>
    /// Stores a chunk, in the place of what was stored for it. When it returns the chunk outlives the process; a
    /// failure leaves all of it or nothing.
    /// </summary>
    /// <param name="name">The name of the snapshot.</param>
    /// <param name="chunk">The chunk.</param>
    /// <param name="content">Its content; not kept.</param>
    /// <param name="cancellationToken">Gives up.</param>
    Task WriteChunkAsync(
        string name,
        SnapshotChunk chunk,
        ReadOnlyMemory<byte> content,
        CancellationToken cancellationToken = default);

    /// <summary>Removes chunks; those that are not there are none to be removed.</summary>
    /// <param name="name">The name of the snapshot.</param>
    /// <param name="digests">Their digests.</param>
    /// <param name="cancellationToken">Gives up; some may be gone.</param>
    Task RemoveChunksAsync(
        string name, IReadOnlyCollection<Sha256Digest> digests, CancellationToken cancellationToken = default);
}
