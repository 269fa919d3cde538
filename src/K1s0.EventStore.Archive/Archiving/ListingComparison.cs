using K1s0.EventStore.Integrity;

namespace K1s0.EventStore.Archive;

/// <summary>What a listing has otherwise than the books, as far as both reach.</summary>
/// <param name="Moves">Listed batches with exactly the events of batches of the books.</param>
/// <param name="Others">
/// Listed batches of other events than the books have there; or which begin or end within a batch of the books without
/// the rest of it.
/// </param>
internal sealed record ListingComparison(IReadOnlyList<SettledMove> Moves, IReadOnlyList<ManifestBatch> Others)
{
    /// <summary>
    /// Compares the batches between two positions at which both have a border, one stretch after the other. Batches are
    /// read only where both sides have cut the same number of events differently; and, to be given up when they are
    /// damaged, where the books would go over to another object.
    /// </summary>
    /// <exception cref="ObjectDamagedException">
    /// A batch that had to be read is damaged, or gone, and is not to be given up for that.
    /// </exception>
    /// <exception cref="RestoreRequiredException">A batch that has to be read lies in a cold class.</exception>
    public static async Task<ListingComparison> CompareAsync(
        IObjectStore objects,
        ArchiveListing listing,
        IReadOnlyList<BatchEntry> books,
        LostTimeline lost,
        CancellationToken cancellationToken)
    {
        var (moves, others) = (new List<SettledMove>(), new List<ManifestBatch>());
        foreach (var (listed, entries) in Stretches(listing.Batches, books))
        {
            if (entries.Count > 0
                && await HaveSameEventsAsync(objects, listed, entries, lost, cancellationToken).ConfigureAwait(false))
            {
                if (IsMove(listed, entries))
                {
                    moves.Add(new SettledMove(entries, listed[0]));
                }
            }
            else
            {
                others.AddRange(listed);
            }
        }

        return new ListingComparison(moves, others);
    }

    // Without entries: what the listing has in the last batches of the books, and does not end with them.
    private static IEnumerable<(IReadOnlyList<ManifestBatch> Listed, IReadOnlyList<BatchEntry> Entries)> Stretches(
        IReadOnlyList<ManifestBatch> listed, IReadOnlyList<BatchEntry> books)
    {
        var (theirs, ours) = (new List<ManifestBatch>(), new List<BatchEntry>());
        var next = 0;
        var end = books is [.., var newest] ? newest.Plan.Last : default;
        foreach (var batch in listed.TakeWhile(batch => batch.Last <= end))
        {
            theirs.Add(batch);
            for (; next < books.Count && books[next].Plan.Last <= batch.Last; next++)
            {
                ours.Add(books[next]);
            }

            if (ours is [.., var last] && last.Plan.Last == batch.Last)
            {
                yield return (theirs, ours);
                (theirs, ours) = ([], []);
            }
        }

        if (theirs.Count > 0)
        {
            yield return (theirs, []);
        }
    }

    // On one side of the border between the database and the archive, and not the object that the books have already.
    private static bool IsMove(IReadOnlyList<ManifestBatch> listed, IReadOnlyList<BatchEntry> entries) =>
        listed.Count == 1
        && entries.Select(entry => entry.State is ArchiveState.Pruned).Distinct().Count() == 1
        && (entries.Count > 1
            || !string.Equals(entries[0].Stored!.Key, listed[0].Key.Value, StringComparison.Ordinal));

    // Whoever can put objects and manifests can make a batch that is whole and of other events.
    private static async Task<bool> HaveSameEventsAsync(
        IObjectStore objects,
        IReadOnlyList<ManifestBatch> listed,
        IReadOnlyList<BatchEntry> entries,
        LostTimeline lost,
        CancellationToken cancellationToken)
    {
        if (listed[0].After != entries[0].Plan.After
            || listed.Sum(batch => batch.EventCount) != entries.Sum(entry => entry.Plan.EventCount))
        {
            return false;
        }

        var isOne = listed.Count == 1 && entries.Count == 1;
        if (isOne && (listed[0].EventsDigest != entries[0].EventsDigest
            || lost is not LostTimeline.Remove
            || !IsMove(listed, entries)))
        {
            return listed[0].EventsDigest == entries[0].EventsDigest;
        }

        var events = new List<EventEnvelope>();
        try
        {
            foreach (var batch in listed)
            {
                var read = await BatchContent.ReadAsync(objects, batch, BatchProof.Reading, cancellationToken)
                    .ConfigureAwait(false);
                events.AddRange(read.Events);
            }
        }
        catch (ObjectDamagedException) when (lost is LostTimeline.Remove)
        {
            // It stays in the bucket, and what the books have is listed instead.
            return false;
        }

        return entries.All(entry => EventRunDigest.Of(
        [
            .. events.Where(found => found.Position > entry.Plan.After && found.Position <= entry.Plan.Last),
        ]) == entry.EventsDigest);
    }
}
