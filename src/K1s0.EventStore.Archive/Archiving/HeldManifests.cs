namespace K1s0.EventStore.Archive;

/// <summary>Puts manifests that are held in the books, and notes that they are put. Not thread-safe.</summary>
internal sealed class HeldManifests(ArchiverParts parts, Func<Task<Lease>> renew)
{
    /// <summary>How often a put is tried whose outcome nobody knows.</summary>
    public const int PutAttempts = 3;

    private readonly ArchiveManifests _manifests = new(parts.Objects);

    /// <summary>Puts a manifest that is held in the books, and notes that it is put.</summary>
    /// <exception cref="ManifestConflictException">Its number is taken.</exception>
    public async Task FinishAsync(ArchiveManifest manifest, CancellationToken cancellationToken)
    {
        await PutAsync(manifest, cancellationToken).ConfigureAwait(false);
        await parts.Catalog.ListManifestAsync(
            await renew().ConfigureAwait(false), manifest.Number, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The same for the one that was begun before.</summary>
    /// <returns>The last position that it lists; null when none is held.</returns>
    /// <exception cref="ManifestConflictException">
    /// Its number is taken, or the bucket does not have the one before it.
    /// </exception>
    public async Task<Position?> FinishOpenAsync(CancellationToken cancellationToken)
    {
        if (await parts.Catalog.FindOpenManifestAsync(cancellationToken).ConfigureAwait(false) is not { } open)
        {
            return null;
        }

        var manifest = ArchiveManifest.Read(open.Content);
        await CheckBeforeAsync(manifest, cancellationToken).ConfigureAwait(false);
        await FinishAsync(manifest, cancellationToken).ConfigureAwait(false);
        return open.Through;
    }

    // It was begun by an earlier run, which may have worked with another bucket.
    private async Task CheckBeforeAsync(ArchiveManifest manifest, CancellationToken cancellationToken)
    {
        if (manifest.Number > 1
            && (await _manifests.ReadAsync(manifest.Number - 1, cancellationToken).ConfigureAwait(false))?.Digest
                != manifest.Previous)
        {
            throw new ManifestConflictException(manifest.Number, "the bucket does not have the one before it.");
        }
    }

    // Who put it and lost the answer, or was followed by another leader, finds it there: the bytes are the same.
    private async Task PutAsync(ArchiveManifest manifest, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await _manifests.PutAsync(manifest, cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (WriteOutcomeUnknownException) when (attempt < PutAttempts)
            {
                // Repeating it settles it.
            }
        }
    }
}
