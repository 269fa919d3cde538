namespace K1s0.EventStore.Archive;

/// <summary>Which months are due, by age, count and size, and by what has to stay.</summary>
internal static class ArchivePolicy
{
    /// <summary>
    /// Up to which end months have to be counted: no other can be due, and counting them would read every event.
    /// </summary>
    public static DateTimeOffset CountedBy(DateTimeOffset now, TimeSpan retention, ArchivingOptions options)
    {
        if (options.MaxEvents is not null)
        {
            return DateTimeOffset.MaxValue;
        }

        var isByAgeOnly = options.MaxBytes is null && options.OlderThan > retention;
        return now - (isByAgeOnly ? options.OlderThan!.Value : retention);
    }

    /// <summary>The months that are to leave: the earliest ones, up to the first that may stay.</summary>
    /// <param name="months">All months of the database, the earliest first, counted as far as is needed.</param>
    /// <param name="now">The time by the clock of the database.</param>
    /// <param name="retention">How long a month stays after its end, at least.</param>
    /// <param name="options">The limits.</param>
    public static IReadOnlyList<ArchivableMonth> FindDue(
        IReadOnlyList<ArchivableMonth> months, DateTimeOffset now, TimeSpan retention, ArchivingOptions options)
    {
        var events = months.Sum(month => month.EventCount);
        var bytes = months.Sum(month => month.Bytes);
        var due = new List<ArchivableMonth>();
        foreach (var month in months)
        {
            var mayLeave = month.End <= now && now - month.End >= retention;
            var isWanted = (options.OlderThan is { } age && now - month.End >= age)
                || events > options.MaxEvents
                || bytes > options.MaxBytes;
            if (!mayLeave || !isWanted)
            {
                break;
            }

            due.Add(month);
            events -= month.EventCount;
            bytes -= month.Bytes;
        }

        return due;
    }
}
