namespace K1s0.EventStore.Archive;

/// <summary>
/// How fast the partitions of an archive were written, by its manifests alone: the events of a batch are spread evenly
/// over the time that it names.
/// </summary>
public static class ArchiveLoad
{
    private const double DefaultThreshold = 100;

    // A hundred years, which take a quarter of a gigabyte: whoever made the manifests can have written any times.
    private const long MaxHours = 100 * 366 * 24;

    /// <summary>The partitions whose busiest minute was faster than a threshold, the earliest first.</summary>
    /// <param name="listing">The batches.</param>
    /// <param name="writesPerSecond">The threshold in events a second: 100 by default.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is not positive.</exception>
    /// <exception cref="InvalidFormatException">The batches claim more than a hundred years.</exception>
    public static IReadOnlyList<PartitionLoad> FindHot(
        ArchiveListing listing, double writesPerSecond = DefaultThreshold)
    {
        ArgumentNullException.ThrowIfNull(listing);
        if (listing.Batches.Sum(batch => (long)(batch.Latest - batch.Earliest).TotalHours) > MaxHours)
        {
            throw new InvalidFormatException(
                ManifestFormat.FormatName, "its batches are spread over more than a hundred years.");
        }

        var activity = new PartitionActivity();
        foreach (var batch in listing.Batches)
        {
            Spread(activity, batch);
        }

        return activity.FindHot(writesPerSecond);
    }

    private static void Spread(PartitionActivity activity, ManifestBatch batch)
    {
        // Not more minutes than events: each gets one at least, and the rest is in the last one.
        var minutes = (int)Math.Clamp(
            (Minute(batch.Latest) - Minute(batch.Earliest)).TotalMinutes + 1,
            1,
            batch.EventCount);
        var length = (Int128)(batch.Latest - batch.Earliest).Ticks;
        for (var number = 0; number < minutes; number++)
        {
            var (upTo, before) = (batch.EventCount * (number + 1) / minutes, batch.EventCount * number / minutes);
            activity.Add(batch.Earliest.AddTicks((long)(length * number / minutes)), (int)(upTo - before));
        }
    }

    private static DateTimeOffset Minute(DateTimeOffset time) => time.AddTicks(-(time.Ticks % TimeSpan.TicksPerMinute));
}
