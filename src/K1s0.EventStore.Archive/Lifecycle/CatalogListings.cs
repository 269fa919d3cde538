namespace K1s0.EventStore.Archive;

/// <summary>
/// The books of a store, with the manifests of its bucket behind them: for the life of an archive that an
/// <see cref="Archiver"/> fills. Thread-safe.
/// </summary>
/// <remarks>
/// A batch is listed in the place of others under the lease of the archive: the manifest is held in the books, put into
/// the bucket, and noted, and in the transaction that notes it the books go over to the new batch. Cut off in between,
/// events are read from the old ones, and whoever has the lease next, an archiver too, makes the rest of the steps.
/// </remarks>
/// <param name="parts">The store, its books, its leases and its bucket.</param>
/// <param name="options">Who asks for the lease, and for how long; the defaults when null.</param>
/// <param name="timeProvider">The time of manifests; the system's clock when null.</param>
public sealed class CatalogListings(
    ArchiverParts parts, ArchivingOptions? options = null, TimeProvider? timeProvider = null) : IArchiveListings
{
    private readonly ArchiverParts _parts = parts ?? throw new ArgumentNullException(nameof(parts));
    private readonly ArchivingOptions _options = ArchivingOptionsRules.Checked(options);

    // The listing that was compared with the books last; of several at a time any one will do. A reference, so that it
    // is never half of one and half of another.
    private ArchiveListing? _compared;

    /// <inheritdoc/>
    public async Task<ArchiveListing?> ReadAsync(CancellationToken cancellationToken = default)
    {
        var status = await _parts.Catalog.GetStatusAsync(cancellationToken).ConfigureAwait(false);
        return await new ArchiveManifests(_parts.Objects)
            .ReadLatestFromAsync(status.Manifest?.Number ?? 0, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task<bool> IsLastAsync(ArchiveListing known, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(known);
        var status = await _parts.Catalog.GetStatusAsync(cancellationToken).ConfigureAwait(false);

        // What is planned will be put, by whoever leads next and however late.
        return status is { ManifestIsOpen: false, Manifest: { } last }
            && (last.Number, last.Digest) == (known.Number, known.Digest)
            && await _parts.Objects.HeadAsync(ArchiveManifest.KeyOf(known.Number + 1), cancellationToken)
                .ConfigureAwait(false) is null
            && await HasBatchesAsync(known, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task<Position> GetBorderAsync(CancellationToken cancellationToken = default) =>
        (await _parts.Catalog.GetStatusAsync(cancellationToken).ConfigureAwait(false)).Pruned;

    /// <inheritdoc/>
    public Task<DateTimeOffset?> FindListedAtAsync(
        ArchiveManifest manifest, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        return _parts.Catalog.FindListedAtAsync(manifest.Number, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<ArchiveListing> ReplaceAsync(
        ArchiveListing known, BatchReplacement replacement, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(known);
        ArgumentNullException.ThrowIfNull(replacement);
        var lease = await _parts.Leases
            .TryAcquireAsync(IArchiveCatalog.LeaseName, _options.Owner, _options.LeaseDuration, cancellationToken)
            .ConfigureAwait(false)
            ?? throw new ArchiveRefusedException(
                ArchiveRefusal.Busy, "Another process has the lease of the archive: run again when it is done.");
        try
        {
            var leader = new LeaderParts(
                _parts, _options, timeProvider ?? TimeProvider.System, () => Task.FromResult(lease));
            return await new Listings(leader).ReplaceAsync(replacement, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            await ReleaseAsync(lease).ConfigureAwait(false);
        }
    }

    // Asked once for each listing that was read, and so once a run: while it is the last one, the books do not change
    // what they have of it. A run that reads it again may meet a database that was brought back since.
    private async Task<bool> HasBatchesAsync(ArchiveListing known, CancellationToken cancellationToken)
    {
        if (!ReferenceEquals(Volatile.Read(ref _compared), known))
        {
            if (!await CatalogEntries.AreListedAsync(_parts.Catalog, known, cancellationToken).ConfigureAwait(false))
            {
                return false;
            }

            Volatile.Write(ref _compared, known);
        }

        return true;
    }

    // The lease runs out by itself when it cannot be released; what the replacement says is not hidden by that.
    private async Task ReleaseAsync(Lease lease)
    {
        try
        {
            await _parts.Leases.ReleaseAsync(lease, CancellationToken.None).ConfigureAwait(false);
        }
        catch (EventStoreException)
        {
            // The next leader waits until it has run out.
        }
    }
}
