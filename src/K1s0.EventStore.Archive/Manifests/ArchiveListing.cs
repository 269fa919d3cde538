using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Archive;

/// <summary>
/// Which batches an archive has, by its manifests up to one of them: together they hold every event of a stretch of the
/// feed, once. Immutable.
/// </summary>
public sealed class ArchiveListing
{
    // The most manifests that have to be read.
    private const int ManifestsPerComplete = 256;

    private readonly ManifestBatch[] _batches;

    private ArchiveListing(
        StoreIdentity store, ManifestHead? head, Sha256Digest digest, ManifestBatch[] batches) =>
        (Store, Head, Digest, _batches) = (store, head, digest, batches);

    /// <summary>The store whose events these are.</summary>
    public StoreIdentity Store { get; }

    /// <summary>The number of the last manifest; 0 when there is none.</summary>
    public long Number => Head?.Number ?? 0;

    /// <summary>The digest of the last manifest; none when there is none.</summary>
    public Sha256Digest Digest { get; }

    /// <summary>The batches, in order of positions, each where the one before it ends.</summary>
    public IReadOnlyList<ManifestBatch> Batches => _batches;

    /// <summary>How many events they have.</summary>
    public long EventCount => Head?.Events ?? 0;

    /// <summary>The position of the last event; the start when there is none.</summary>
    public Position Last => _batches is [.., var last] ? last.Last : default;

    /// <summary>The last manifest's epoch of the lease; 0 when there is none.</summary>
    public long LeaderEpoch => Head?.LeaderEpoch ?? 0;

    private ManifestHead? Head { get; }

    /// <summary>An archive without manifests.</summary>
    /// <param name="store">The store whose events it is to have.</param>
    public static ArchiveListing Empty(StoreIdentity store) => new(store, null, default, []);

    /// <summary>The manifest that changes this listing. Nothing is stored.</summary>
    /// <param name="leaderEpoch">The epoch of the lease under which it is made.</param>
    /// <param name="createdAt">When.</param>
    /// <param name="added">The batches that come, in order of positions.</param>
    /// <param name="removed">The objects of batches that go, whose events others hold with it.</param>
    /// <param name="store">The store as it is now, if its epoch was raised; null for as it was.</param>
    /// <exception cref="ArgumentException">There would not be every event once.</exception>
    public ArchiveManifest Next(
        long leaderEpoch,
        DateTimeOffset createdAt,
        IReadOnlyList<ManifestBatch> added,
        IReadOnlyList<ObjectKey>? removed = null,
        StoreIdentity? store = null)
    {
        ArgumentNullException.ThrowIfNull(added);
        ArgumentOutOfRangeException.ThrowIfNegative(leaderEpoch);
        removed ??= [];
        var batches = Change(added, removed);
        var number = Number + 1;
        var isComplete = number == 1
            || (number - Head!.Base >= ManifestsPerComplete && batches.Length <= ArchiveManifest.MaxBatches);
        var head = new ManifestHead(
            number,
            isComplete ? number : Head!.Base,
            store ?? Store,
            leaderEpoch,
            createdAt,
            Digest,
            isComplete ? 0 : removed.Count,
            isComplete ? batches.Length : added.Count,
            batches.Length,
            batches.Sum(batch => batch.EventCount),
            batches.Sum(batch => batch.ContentBytes),
            batches.Sum(batch => batch.StoredBytes));
        if (head.Added > ArchiveManifest.MaxBatches || head.Removed > ArchiveManifest.MaxBatches)
        {
            throw new ArgumentException(
                $"A manifest lists at most {ArchiveManifest.MaxBatches} batches.", nameof(added));
        }

        return isComplete ? new ArchiveManifest(head, [], batches) : new ArchiveManifest(head, removed, added);
    }

    /// <summary>The manifest with one batch in the place of others.</summary>
    /// <exception cref="ManifestConflictException">Those are not what is listed.</exception>
    internal ArchiveManifest Replace(
        long leaderEpoch, DateTimeOffset createdAt, BatchReplacement replacement, StoreIdentity? store = null)
    {
        try
        {
            return Next(
                leaderEpoch,
                createdAt,
                [ManifestBatch.Of(replacement.Plan, replacement.Stored, replacement.EventsDigest)],
                [.. replacement.Replaced.Select(key => new ObjectKey(key))],
                store);
        }
        catch (ArgumentException e)
        {
            throw new ManifestConflictException(Math.Max(1, Number), e.Message);
        }
    }

    /// <summary>The listing with the next manifest.</summary>
    /// <param name="manifest">The one behind the last.</param>
    /// <exception cref="ManifestConflictException">It does not continue this listing.</exception>
    public ArchiveListing With(ArchiveManifest manifest)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        Expect(
            manifest,
            manifest.Number == Number + 1 && manifest.Previous == Digest,
            "it does not continue the last.");
        Expect(
            manifest,
            manifest.Store.StoreId == Store.StoreId && manifest.Store.Epoch >= Store.Epoch,
            $"it is of store {manifest.Store}, not of {Store}.");
        Expect(manifest, manifest.IsComplete || manifest.Base == Head?.Base, "it counts on another complete one.");
        return Fold(manifest, manifest.IsComplete ? null : this);
    }

    /// <summary>The listing of a complete manifest alone.</summary>
    /// <exception cref="ManifestConflictException">It is not complete, or contradicts itself.</exception>
    internal static ArchiveListing Of(ArchiveManifest manifest)
    {
        Expect(manifest, manifest.IsComplete, "it is not complete.");
        return Fold(manifest, null);
    }

    private static ArchiveListing Fold(ArchiveManifest manifest, ArchiveListing? before)
    {
        ManifestBatch[] batches;
        try
        {
            batches = (before ?? Empty(manifest.Store)).Change(manifest.Added, manifest.Removed);
        }
        catch (ArgumentException e)
        {
            throw new ManifestConflictException(manifest.Number, e.Message);
        }

        Expect(
            manifest,
            manifest.BatchCount == batches.Length
            && manifest.EventCount == batches.Sum(batch => batch.EventCount)
            && manifest.ContentBytes == batches.Sum(batch => batch.ContentBytes)
            && manifest.StoredBytes == batches.Sum(batch => batch.StoredBytes),
            "its sums are not those of its batches.");
        return new ArchiveListing(manifest.Store, manifest.Head, manifest.Digest, batches);
    }

    private static void Expect(ArchiveManifest manifest, bool condition, string otherwise)
    {
        if (!condition)
        {
            throw new ManifestConflictException(manifest.Number, otherwise);
        }
    }

    private ManifestBatch[] Change(IReadOnlyList<ManifestBatch> added, IReadOnlyList<ObjectKey> removed)
    {
        var gone = removed.ToHashSet();
        var rest = _batches.Where(batch => !gone.Contains(batch.Key)).ToList();
        if (gone.Count != removed.Count || rest.Count + gone.Count != _batches.Length)
        {
            throw new ArgumentException("A batch goes that is not listed.", nameof(removed));
        }

        ManifestBatch[] all = [.. rest.Concat(added).OrderBy(batch => batch.First)];
        for (var number = 1; number < all.Length; number++)
        {
            if (all[number].After != all[number - 1].Last)
            {
                throw new ArgumentException(
                    $"Batch {all[number].Key} does not begin where {all[number - 1].Key} ends.", nameof(added));
            }
        }

        return all;
    }
}
