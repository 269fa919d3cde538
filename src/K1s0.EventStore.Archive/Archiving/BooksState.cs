using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Archive;

/// <summary>Where the books stood when something was compared with them.</summary>
/// <param name="Manifest">The digest of their last manifest, which is put; or none.</param>
/// <param name="Listed">Up to which position they list.</param>
internal readonly record struct BooksState(Sha256Digest Manifest, Position Listed)
{
    public static BooksState Of(ArchiveStatus status) => new(status.Manifest?.Digest ?? default, status.Listed);

    /// <summary>
    /// Before a conflict is told: who was followed by another leader meanwhile has compared what was never there at one
    /// time, and nothing has to be given up for that.
    /// </summary>
    /// <exception cref="ArchiveRefusedException">The books stand somewhere else: run again.</exception>
    /// <exception cref="LeaseLostException">Another process leads since, and has not listed anything yet.</exception>
    public async Task CheckAsync(
        LeaderParts leader, ManifestConflictException conflict, CancellationToken cancellationToken)
    {
        var now = await leader.Catalog.GetStatusAsync(cancellationToken).ConfigureAwait(false);
        if (now.ManifestIsOpen || Of(now) != this)
        {
            throw new ArchiveRefusedException(
                ArchiveRefusal.Moved, "Another leader has listed batches since.", conflict);
        }

        await leader.RenewAsync().ConfigureAwait(false);
    }
}
