using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Archive;

/// <summary>
/// What is to be listed for the batches of the books: what is listed stays. What is to be listed again is read first:
/// nobody has cared for it since it was listed no more, and what is listed in its place goes. Where it is gone or
/// damaged, one of the same events is made. Not thread-safe.
/// </summary>
internal sealed class FoundBatches(LeaderParts leader, LostTimeline lost)
{
    private readonly Dictionary<(ObjectKey Key, Sha256Digest Digest, Sha256Digest EventsDigest), ManifestBatch> _found =
        [];

    private readonly HashSet<(ObjectKey Key, Sha256Digest Digest, Sha256Digest EventsDigest)> _nowhere = [];
    private HashSet<(ObjectKey Key, Sha256Digest Digest, Sha256Digest EventsDigest)> _listed = [];
    private ArchiveListing? _listing;
    private StoreIdentity _store;

    /// <summary>Forgets everything.</summary>
    public void Begin(
        ArchiveListing listing,
        HashSet<(ObjectKey Key, Sha256Digest Digest, Sha256Digest EventsDigest)> listed,
        StoreIdentity store)
    {
        (_listing, _listed, _store) = (listing, listed, store);
        _found.Clear();
        _nowhere.Clear();
    }

    /// <summary>The batches to list for those of the books, in their order. Each is looked for once.</summary>
    /// <exception cref="ManifestConflictException">One is nowhere any more, and nobody said that it may be.</exception>
    /// <exception cref="RestoreRequiredException">One is cold: it, and what else is named of the rest.</exception>
    public async Task<List<ManifestBatch>> FindAllAsync(
        IReadOnlyList<BatchEntry> entries, CancellationToken cancellationToken)
    {
        var found = new List<ManifestBatch>();
        foreach (var entry in entries)
        {
            await leader.RenewAsync().ConfigureAwait(false);
            try
            {
                found.Add(await FindAsync(entry, cancellationToken).ConfigureAwait(false));
            }
            catch (RestoreRequiredException e)
            {
                var others = entries.Skip(found.Count)
                    .Select(entry => ManifestBatch.Of(entry.Plan, entry.Stored!, entry.EventsDigest))
                    .Where(batch => !_listed.Contains(Settlement.SameOf(batch)));
                throw await ColdBatches.AllAsync(leader, e, others, cancellationToken).ConfigureAwait(false);
            }
        }

        return found;
    }

    /// <summary>Whether a batch that was found has no object that could be read, and none can be made.</summary>
    public bool IsNowhere(ManifestBatch found) => _nowhere.Contains(Settlement.SameOf(found));

    /// <summary>Their objects went after they were found. The others were read, and are still there.</summary>
    public void Forget(IEnumerable<ManifestBatch> missing)
    {
        var gone = missing.Select(Settlement.SameOf).ToHashSet();
        foreach (var (own, found) in _found.ToList())
        {
            if (gone.Contains(Settlement.SameOf(found)))
            {
                _found.Remove(own);
            }
        }
    }

    private async Task<ManifestBatch> FindAsync(BatchEntry entry, CancellationToken cancellationToken)
    {
        var own = ManifestBatch.Of(entry.Plan, entry.Stored!, entry.EventsDigest);
        var same = Settlement.SameOf(own);
        if (!_found.TryGetValue(same, out var found))
        {
            found = _listed.Contains(same) || await IsWholeAsync(own, cancellationToken).ConfigureAwait(false)
                ? own
                : await MakeAsync(entry, own, cancellationToken).ConfigureAwait(false);
            _found.Add(same, found);
        }

        return found;
    }

    private async Task<ManifestBatch> MakeAsync(
        BatchEntry entry, ManifestBatch own, CancellationToken cancellationToken)
    {
        if (entry.State < ArchiveState.Pruned)
        {
            var (stored, proof) = await leader.Remade.MakeAsync(
                _store, entry, "it is gone, or damaged.", cancellationToken).ConfigureAwait(false);
            return ManifestBatch.Of(entry.Plan, stored, proof.EventsDigest);
        }

        RecutBatch made;
        try
        {
            made = await CutAsync(own, cancellationToken).ConfigureAwait(false);
        }
        catch (ObjectDamagedException) when (lost is LostTimeline.Remove)
        {
            // It stays listed as it was, so that reads and verifications name it, and find it when it is brought back.
            _nowhere.Add(Settlement.SameOf(own));
            return own;
        }
        catch (ObjectDamagedException e)
        {
            throw Adoption.MissingOf(_listing!.Number, own, e);
        }

        return await made.PutAsync(leader.Objects, leader.RenewAsync, cancellationToken).ConfigureAwait(false);
    }

    // Of one batch that was made of it and of others, or of several that it was parted into.
    private async Task<RecutBatch> CutAsync(ManifestBatch own, CancellationToken cancellationToken)
    {
        var parts = _listing!.Batches.Where(batch => batch.Last > own.After && batch.After < own.Last).ToList();
        if (parts.Count == 0 || parts[0].After > own.After || parts[^1].Last < own.Last)
        {
            throw BatchContent.Missing(own);
        }

        var made = await RecutBatch.CutAsync(leader.Objects, parts, own.After, own.Last, cancellationToken)
            .ConfigureAwait(false);
        return made.EventsDigest == own.EventsDigest
            ? made
            : throw new ObjectDamagedException(own.Key.Value, "it is gone, and what is listed has other events.");
    }

    private async Task<bool> IsWholeAsync(ManifestBatch batch, CancellationToken cancellationToken)
    {
        try
        {
            return await BatchContent.TryReadAsync(leader.Objects, batch, BatchProof.Reading, cancellationToken)
                .ConfigureAwait(false) is not null;
        }
        catch (ObjectDamagedException)
        {
            // It stays where it is, and is not listed.
            return false;
        }
    }
}
