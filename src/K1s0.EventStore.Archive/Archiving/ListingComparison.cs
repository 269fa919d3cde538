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
    /// damaged, where the books would go over to another object. What is seen without reading is said first.
    /// </summary>
    /// <exception cref="ManifestConflictException">
    /// Events would be listed no more, or a batch that had to be read is damaged, or gone; and nobody said that it may
    /// be.
    /// </exception>
    /// <exception cref="RestoreRequiredException">A batch that has to be read lies in a cold class.</exception>
    public static async Task<ListingComparison> CompareAsync(
        LeaderParts leader,
        ArchiveListing listing,
        IReadOnlyList<BatchEntry> books,
        LostTimeline lost,
        CancellationToken cancellationToken)
    {
        var stretches = Stretches(listing.Batches, books).ToList();
        var others = stretches.Where(stretch => !MayBeSame(stretch.Listed, stretch.Entries))
            .SelectMany(stretch => stretch.Listed).ToList();
        var end = books is [.., var newest] ? newest.Plan.Last : default;
        Check();
        var moves = new List<SettledMove>();
        foreach (var (listed, entries) in stretches.Where(stretch => MayBeSame(stretch.Listed, stretch.Entries)))
        {
            await leader.RenewAsync().ConfigureAwait(false);
            if (!await HaveSameEventsAsync(leader, listing.Number, listed, entries, lost, cancellationToken)
                .ConfigureAwait(false))
            {
                others.AddRange(listed);
            }
            else if (IsMove(listed, entries))
            {
                moves.Add(new SettledMove(entries, listed[0]));
            }
        }

        Check();
        return new ListingComparison(moves, others);

        void Check()
        {
            if (lost is LostTimeline.Refuse)
            {
                CheckNothingIsLost(listing, end, others.Count);
            }
        }
    }

    // Who lists less than the books did has given up their timeline.
    private static void CheckNothingIsLost(ArchiveListing listing, Position listed, int others)
    {
        var gone = listing.Batches.Count(batch => batch.Last > listed) + others;
        if (gone > 0)
        {
            throw new ManifestConflictException(
                listing.Number, $"it lists {gone} batches of events that the books do not have. {Adoption.Advice}");
        }

        if ((listing.Batches is [.., var end] ? end.Last : default) < listed)
        {
            throw new ManifestConflictException(
                listing.Number, $"it does not list what the books do, up to {listed}. {Adoption.Advice}");
        }
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

    private static bool MayBeSame(IReadOnlyList<ManifestBatch> listed, IReadOnlyList<BatchEntry> entries) =>
        entries.Count > 0
        && listed[0].After == entries[0].Plan.After
        && listed.Sum(batch => batch.EventCount) == entries.Sum(entry => entry.Plan.EventCount)
        && (listed.Count > 1 || entries.Count > 1 || listed[0].EventsDigest == entries[0].EventsDigest);

    // Whoever can put objects and manifests can make a batch that is whole and of other events.
    private static async Task<bool> HaveSameEventsAsync(
        LeaderParts leader,
        long number,
        IReadOnlyList<ManifestBatch> listed,
        IReadOnlyList<BatchEntry> entries,
        LostTimeline lost,
        CancellationToken cancellationToken)
    {
        if (listed.Count == 1 && entries.Count == 1 && (lost is LostTimeline.Refuse || !IsMove(listed, entries)))
        {
            return true;
        }

        var events = new List<EventEnvelope>();
        try
        {
            foreach (var batch in listed)
            {
                var read = await BatchContent.ReadAsync(leader.Objects, batch, BatchProof.Reading, cancellationToken)
                    .ConfigureAwait(false);
                events.AddRange(read.Events);
                await leader.RenewAsync().ConfigureAwait(false);
            }
        }
        catch (ObjectDamagedException) when (lost is LostTimeline.Remove)
        {
            // It stays in the bucket, and what the books have is listed instead.
            return false;
        }
        catch (ObjectDamagedException e)
        {
            throw Adoption.DamageOf(number, e);
        }

        return entries.All(entry => EventRunDigest.Of(
        [
            .. events.Where(found => found.Position > entry.Plan.After && found.Position <= entry.Plan.Last),
        ]) == entry.EventsDigest);
    }
}
