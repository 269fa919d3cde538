using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Sync.Snapshots;

/// <summary>Snapshots in memory, for tests; forgotten with the process. Safe for several threads.</summary>
public sealed class InMemorySnapshotChunkStore : ISnapshotChunkStore
{
    private readonly Lock _lock = new();

    // Guarded by the lock.
    private readonly Dictionary<string, byte[]> _installed = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Name, Sha256Digest Digest), byte[]> _chunks = [];

    /// <inheritdoc/>
    public Task<ReadOnlyMemory<byte>?> ReadInstalledAsync(string name, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_lock)
        {
            return Task.FromResult(_installed.TryGetValue(name, out var manifest) ? Found(manifest) : null);
        }
    }

    /// <inheritdoc/>
    public Task InstallAsync(
        string name, ReadOnlyMemory<byte> manifest, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_lock)
        {
            _installed[name] = manifest.ToArray();
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<IReadOnlyCollection<Sha256Digest>> ReadDigestsAsync(
        string name, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_lock)
        {
            return Task.FromResult<IReadOnlyCollection<Sha256Digest>>(
            [
                .. _chunks.Keys.Where(key => string.Equals(key.Name, name, StringComparison.Ordinal))
                    .Select(key => key.Digest),
            ]);
        }
    }

    /// <inheritdoc/>
    public Task<ReadOnlyMemory<byte>?> ReadChunkAsync(
        string name, SnapshotChunk chunk, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_lock)
        {
            var isThere = _chunks.TryGetValue((name, chunk.Digest), out var content) && content.Length <= chunk.Length;
            return Task.FromResult(isThere ? Found(content!) : null);
        }
    }

    /// <inheritdoc/>
    public Task WriteChunkAsync(
        string name,
        SnapshotChunk chunk,
        ReadOnlyMemory<byte> content,
        CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_lock)
        {
            _chunks[(name, chunk.Digest)] = content.ToArray();
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task RemoveChunksAsync(
        string name, IReadOnlyCollection<Sha256Digest> digests, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(digests);
        cancellationToken.ThrowIfCancellationRequested();
        lock (_lock)
        {
            foreach (var digest in digests)
            {
                _chunks.Remove((name, digest));
            }
        }

        return Task.CompletedTask;
    }

    // An array that is null would become memory without bytes.
    private static ReadOnlyMemory<byte>? Found(byte[] bytes) => bytes;
}
