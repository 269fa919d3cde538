using System.Runtime.CompilerServices;

namespace K1s0.EventStore.Sync.Snapshots;

/// <summary>A snapshot that is installed here. Safe for several threads.</summary>
/// <remarks>Once another is installed under its name its entries cannot be read any more.</remarks>
public sealed class InstalledSnapshot
{
    private readonly SnapshotLibrary _library;

    internal InstalledSnapshot(SnapshotManifest manifest, SnapshotLibrary library) =>
        (Manifest, _library) = (manifest, library);

    /// <summary>What it is.</summary>
    public SnapshotManifest Manifest { get; }

    /// <summary>
    /// The entries, by ascending key; one chunk at a time is in memory. Take them for whole only when the reading has
    /// come to its end.
    /// </summary>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="InvalidFormatException">
    /// A chunk is damaged, or gone because another snapshot was installed meanwhile. Taking the snapshot from a peer
    /// again brings back what is damaged, and nothing else.
    /// </exception>
    public async IAsyncEnumerable<SnapshotEntry> ReadEntriesAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var before = ReadOnlyMemory<byte>.Empty;
        foreach (var chunk in Manifest.Chunks)
        {
            var content = await _library.ReadChunkAsync(Manifest.Name, chunk, cancellationToken).ConfigureAwait(false)
                ?? throw Damaged($"chunk {chunk.Digest} is damaged or gone.");
            var entries = ChunkFormat.Read(content, before, out var problem);
            if (problem is not null)
            {
                throw Damaged(problem);
            }

            foreach (var entry in entries)
            {
                yield return entry;
            }

            before = entries[^1].Key;
        }
    }

    private static InvalidFormatException Damaged(string problem) => new("snapshot", problem);
}
