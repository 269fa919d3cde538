using System.Collections.Concurrent;
using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Sync.Snapshots;

/// <summary>
/// The snapshots of a node: what is staged, what is installed, and how the one becomes the other. Thread-safe; whoever
/// stages or installs under a name has claimed it.
/// </summary>
/// <remarks>
/// An exception in the middle of a transfer, or the end of the process, leaves the installed snapshot as it was, and
/// chunks that nobody sees: they are found when the next transfer begins, and used or removed.
/// </remarks>
internal sealed class SnapshotLibrary(ISnapshotChunkStore store)
{
    // One for each name that this node publishes or takes.
    private readonly ConcurrentDictionary<string, SemaphoreSlim> _claims = new(StringComparer.Ordinal);

    /// <summary>Claims a name; false when somebody else has it.</summary>
    public bool TryClaim(string name) => ClaimOf(name).Wait(TimeSpan.Zero);

    /// <summary>Claims a name as soon as nobody else has it.</summary>
    public Task ClaimAsync(string name, CancellationToken cancellationToken) =>
        ClaimOf(name).WaitAsync(cancellationToken);

    public void Release(string name) => ClaimOf(name).Release();

    /// <summary>Does what a session wants.</summary>
    public async Task<SnapshotResult> DoAsync(SnapshotWork work, CancellationToken cancellationToken) => work switch
    {
        SnapshotWork.ReadManifest read => new SnapshotResult.ManifestRead(
            await TryReadInstalledAsync(read.Name, cancellationToken).ConfigureAwait(false)),
        SnapshotWork.Check check => await CheckAsync(check.Name, cancellationToken).ConfigureAwait(false),
        SnapshotWork.Verify verify => await VerifyInstalledAsync(verify.Manifest, cancellationToken)
            .ConfigureAwait(false),
        SnapshotWork.ReadChunk read => new SnapshotResult.ChunkRead(
            await ReadChunkAsync(read.Name, read.Chunk, cancellationToken).ConfigureAwait(false)),
        SnapshotWork.Stage stage => new SnapshotResult.Staged(
            await StageAsync(stage.Manifest, cancellationToken).ConfigureAwait(false)),
        SnapshotWork.StoreChunk chunk => await StoreAsync(chunk, cancellationToken).ConfigureAwait(false),
        SnapshotWork.Install install => await InstallAsync(install.Manifest, cancellationToken).ConfigureAwait(false),
        _ => throw new InvalidOperationException($"{work.GetType().Name} was not expected."),
    };

    /// <summary>The installed manifest; null when there is none.</summary>
    /// <exception cref="InvalidFormatException">What is stored is damaged.</exception>
    public async Task<SnapshotManifest?> ReadInstalledAsync(string name, CancellationToken cancellationToken) =>
        await store.ReadInstalledAsync(name, cancellationToken).ConfigureAwait(false) is { } bytes
            ? SnapshotManifest.Decode(bytes.Span)
            : null;

    /// <summary>A chunk as its digest says; null when it is not there, or damaged.</summary>
    public async Task<ReadOnlyMemory<byte>?> ReadChunkAsync(
        string name, SnapshotChunk chunk, CancellationToken cancellationToken)
    {
        var content = await store.ReadChunkAsync(name, chunk, cancellationToken).ConfigureAwait(false);
        return content is { } bytes && chunk.IsMadeOf(bytes.Span) ? content : null;
    }

    /// <summary>
    /// Cuts a state, stores the chunks that are new, and installs it. When nothing comes of it they are removed.
    /// </summary>
    public async Task<(SnapshotManifest Manifest, SnapshotEnd End)> PublishAsync(
        string name,
        int schemaVersion,
        IReadOnlyList<OriginHead> heads,
        IEnumerable<SnapshotEntry> entries,
        CancellationToken cancellationToken)
    {
        // Before anything is written: what a newer program installed stays, and so does what else is there.
        var installed = await TryReadInstalledAsync(name, cancellationToken).ConfigureAwait(false);
        var written = new List<Sha256Digest>();
        try
        {
            var (chunks, count) = await CutAsync(name, entries, written, cancellationToken).ConfigureAwait(false);
            var manifest = SnapshotFormat.Create(new SnapshotHeader(name, schemaVersion, count, heads), chunks);
            var end = SnapshotRules.Check(manifest, installed);
            if (end is SnapshotEnd.Installed)
            {
                await InstallVerifiedAsync(manifest, cancellationToken).ConfigureAwait(false);
            }
            else
            {
                await SweepAsync(name, written).ConfigureAwait(false);
            }

            return (manifest, end);
        }
        catch
        {
            await TrySweepAsync(name, written).ConfigureAwait(false);
            throw;
        }
    }

    // One chunk too many says that the state is too large.
    private async Task<(List<SnapshotChunk> Chunks, long Count)> CutAsync(
        string name,
        IEnumerable<SnapshotEntry> entries,
        List<Sha256Digest> written,
        CancellationToken cancellationToken)
    {
        var there = (await store.ReadDigestsAsync(name, cancellationToken).ConfigureAwait(false)).ToHashSet();
        var (chunks, count) = (new List<SnapshotChunk>(), 0L);
        var counted = entries.Select(entry =>
        {
            count++;
            return entry;
        });
        foreach (var content in ChunkFormat.Cut(counted))
        {
            var chunk = new SnapshotChunk(MerkleHash.Leaf(content), content.Length);
            chunks.Add(chunk);
            if (chunks.Count > SnapshotLimits.MaxChunks)
            {
                break;
            }

            // What is there by name may have been damaged meanwhile.
            if (there.Add(chunk.Digest)
                || await ReadChunkAsync(name, chunk, cancellationToken).ConfigureAwait(false) is null)
            {
                written.Add(chunk.Digest);
                await store.WriteChunkAsync(name, chunk, content, cancellationToken).ConfigureAwait(false);
            }
        }

        return (chunks, count);
    }

    private async Task TrySweepAsync(string name, List<Sha256Digest> written)
    {
        try
        {
            await SweepAsync(name, written).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or EventStoreException)
        {
            // The store fails: why nothing was published is what counts. The next installation removes the chunks.
        }
    }

    // Asks what is installed: a failure may have come after that.
    private async Task SweepAsync(string name, List<Sha256Digest> written)
    {
        var installed = await TryReadInstalledAsync(name, CancellationToken.None).ConfigureAwait(false);
        var used = installed?.Chunks.Select(chunk => chunk.Digest).ToHashSet() ?? [];
        var unused = written.Where(digest => !used.Contains(digest)).ToArray();
        if (unused.Length > 0)
        {
            await store.RemoveChunksAsync(name, unused, CancellationToken.None).ConfigureAwait(false);
        }
    }

    // A manifest that is damaged stands for nothing, so another may take its place.
    private async Task<SnapshotManifest?> TryReadInstalledAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            return await ReadInstalledAsync(name, cancellationToken).ConfigureAwait(false);
        }
        catch (InvalidFormatException)
        {
            return null;
        }
    }

    private async Task<SnapshotResult.ManifestRead> CheckAsync(string name, CancellationToken cancellationToken)
    {
        if (await TryReadInstalledAsync(name, cancellationToken).ConfigureAwait(false) is not { } manifest)
        {
            return new SnapshotResult.ManifestRead(null);
        }

        var there = (await store.ReadDigestsAsync(name, cancellationToken).ConfigureAwait(false)).ToHashSet();
        return new SnapshotResult.ManifestRead(
            manifest, manifest.Chunks.All(chunk => there.Contains(chunk.Digest)));
    }

    private async Task<SnapshotResult.Verified> VerifyInstalledAsync(
        SnapshotManifest manifest, CancellationToken cancellationToken)
    {
        var (end, missing) = await VerifyAsync(manifest, cancellationToken).ConfigureAwait(false);
        await RemoveAsync(manifest, missing, cancellationToken).ConfigureAwait(false);
        return new SnapshotResult.Verified(end is SnapshotEnd.Installed);
    }

    private SemaphoreSlim ClaimOf(string name) => _claims.GetOrAdd(name, static _ => new SemaphoreSlim(1, 1));

    private async Task<SnapshotResult.ChunkStored> StoreAsync(
        SnapshotWork.StoreChunk work, CancellationToken cancellationToken)
    {
        await store.WriteChunkAsync(work.Name, work.Chunk, work.Content, cancellationToken).ConfigureAwait(false);
        return new SnapshotResult.ChunkStored(work.Chunk);
    }

    // Removes what neither the installed snapshot nor this one needs, so that transfers which are cut and begin anew
    // with another snapshot never take more room than two.
    private async Task<List<int>> StageAsync(SnapshotManifest manifest, CancellationToken cancellationToken)
    {
        var there = await store.ReadDigestsAsync(manifest.Name, cancellationToken).ConfigureAwait(false);
        var installed = await TryReadInstalledAsync(manifest.Name, cancellationToken).ConfigureAwait(false);
        await RemoveUnusedAsync(there, manifest, installed, cancellationToken).ConfigureAwait(false);
        var known = there.ToHashSet();
        return [.. Enumerable.Range(0, manifest.Chunks.Count).Where(i => !known.Contains(manifest.Chunks[i].Digest))];
    }

    private async Task<SnapshotResult.InstallEnded> InstallAsync(
        SnapshotManifest manifest, CancellationToken cancellationToken)
    {
        // The installed one is installed again when chunks of it were lost.
        var installed = await TryReadInstalledAsync(manifest.Name, cancellationToken).ConfigureAwait(false);
        var allowed = SnapshotRules.Check(manifest, installed);
        if (allowed is not (SnapshotEnd.Installed or SnapshotEnd.AlreadyInstalled))
        {
            return new SnapshotResult.InstallEnded(allowed, []);
        }

        var (end, missing) = await VerifyAsync(manifest, cancellationToken).ConfigureAwait(false);
        if (end is SnapshotEnd.Installed)
        {
            await InstallVerifiedAsync(manifest, cancellationToken).ConfigureAwait(false);
        }

        await RemoveAsync(manifest, missing, cancellationToken).ConfigureAwait(false);
        return new SnapshotResult.InstallEnded(end, missing);
    }

    private async Task InstallVerifiedAsync(SnapshotManifest manifest, CancellationToken cancellationToken)
    {
        await store.InstallAsync(manifest.Name, manifest.ToArray(), cancellationToken).ConfigureAwait(false);

        // It is installed, whatever happens from here on; what is not removed now is when the next transfer begins.
        var there = await store.ReadDigestsAsync(manifest.Name, CancellationToken.None).ConfigureAwait(false);
        await RemoveUnusedAsync(there, manifest, null, CancellationToken.None).ConfigureAwait(false);
    }

    // The digests are leaves of the root, which the manifest was checked against when it was read.
    private async Task<(SnapshotEnd End, List<int> Missing)> VerifyAsync(
        SnapshotManifest manifest, CancellationToken cancellationToken)
    {
        var (missing, count, before, problem) = (new List<int>(), 0L, ReadOnlyMemory<byte>.Empty, (string?)null);
        for (var i = 0; i < manifest.Chunks.Count; i++)
        {
            var content = await ReadChunkAsync(manifest.Name, manifest.Chunks[i], cancellationToken)
                .ConfigureAwait(false);
            if (content is not { } whole)
            {
                missing.Add(i);
                continue;
            }

            if (missing.Count == 0 && problem is null)
            {
                var entries = ChunkFormat.Read(whole, before, out problem);
                before = entries.Count > 0 ? entries[^1].Key.ToArray() : before;
                count += entries.Count;
            }
        }

        return missing.Count > 0 ? (SnapshotEnd.StoreDamaged, missing)
            : problem is not null || count != manifest.EntryCount ? (SnapshotEnd.Malformed, [])
            : (SnapshotEnd.Installed, []);
    }

    // What is damaged is good for nothing; where it is gone, it is seen to be missing without being read.
    private Task RemoveAsync(SnapshotManifest manifest, List<int> places, CancellationToken cancellationToken) =>
        places.Count == 0
            ? Task.CompletedTask
            : store.RemoveChunksAsync(
                manifest.Name, [.. places.Select(place => manifest.Chunks[place].Digest)], cancellationToken);

    private Task RemoveUnusedAsync(
        IReadOnlyCollection<Sha256Digest> there,
        SnapshotManifest manifest,
        SnapshotManifest? other,
        CancellationToken cancellationToken)
    {
        var used = manifest.Chunks.Concat(other?.Chunks ?? []).Select(chunk => chunk.Digest).ToHashSet();
        var unused = there.Where(digest => !used.Contains(digest)).ToArray();
        return unused.Length == 0
            ? Task.CompletedTask
            : store.RemoveChunksAsync(manifest.Name, unused, cancellationToken);
    }
}
