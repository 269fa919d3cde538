namespace K1s0.EventStore.Archive;

/// <summary>
/// Counts how fast partitions are written, a partition being an hour of recorded time, to find those that are hot. Not
/// thread-safe. Takes about 300 bytes for each hour that it has seen.
/// </summary>
public sealed class PartitionActivity
{
    private const int MinutesPerPartition = 60;
    private const double SecondsPerMinute = 60;

    private readonly Dictionary<DateTimeOffset, int[]> _minutes = [];

    /// <summary>Counts an event in the partition that it was recorded in.</summary>
    /// <param name="envelope">A stored event.</param>
    public void Add(EventEnvelope envelope)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        Add(envelope.RecordedAt);
    }

    /// <summary>Counts some events that were recorded at a time.</summary>
    /// <param name="recordedAt">When.</param>
    /// <param name="events">How many, 1 or more.</param>
    public void Add(DateTimeOffset recordedAt, int events = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(events, 1);
        var time = recordedAt.ToUniversalTime();
        var hour = new DateTimeOffset(time.Year, time.Month, time.Day, time.Hour, 0, 0, TimeSpan.Zero);
        if (!_minutes.TryGetValue(hour, out var minutes))
        {
            _minutes[hour] = minutes = new int[MinutesPerPartition];
        }

        minutes[time.Minute] = (int)Math.Min((long)minutes[time.Minute] + events, int.MaxValue);
    }

    /// <summary>The partitions whose busiest minute was faster than a threshold, the earliest first.</summary>
    /// <param name="writesPerSecond">The threshold in events a second, on average over that minute: 100 by
    /// default.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is not positive.</exception>
    public IReadOnlyList<PartitionLoad> FindHot(double writesPerSecond = 100)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(writesPerSecond);
        return [.. Loads().Where(load => load.PeakEventsPerSecond > writesPerSecond)];
    }

    /// <summary>All partitions, the earliest first.</summary>
    public IReadOnlyList<PartitionLoad> Loads() =>
    [
        .. _minutes.OrderBy(entry => entry.Key).Select(entry => new PartitionLoad(
            entry.Key,
            entry.Value.Sum(count => (long)count),
            entry.Value.Max() / SecondsPerMinute)),
    ];
}
