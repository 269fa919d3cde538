using K1s0.EventStore.Integrity;

namespace K1s0.EventStore;

/// <summary>The events of a batch that were recorded in one month.</summary>
/// <param name="Month">The first moment of the month, in UTC.</param>
/// <param name="EventCount">How many they are, 1 or more.</param>
/// <param name="First">The position of the first one.</param>
/// <param name="Last">The position of the last one.</param>
/// <param name="Digest">Their digest (<see cref="EventRunDigest"/>).</param>
public sealed record MonthDigest(
    DateTimeOffset Month, long EventCount, Position First, Position Last, Sha256Digest Digest)
{
    /// <summary>The month that a time lies in.</summary>
    /// <param name="time">Any time.</param>
    public static DateTimeOffset MonthOf(DateTimeOffset time)
    {
        var utc = time.UtcDateTime;
        return new DateTimeOffset(utc.Year, utc.Month, 1, 0, 0, 0, TimeSpan.Zero);
    }

    /// <summary>What the months of some events have, the earliest month first.</summary>
    /// <param name="events">Stored events in order of positions.</param>
    public static IReadOnlyList<MonthDigest> Of(IEnumerable<EventEnvelope> events)
    {
        ArgumentNullException.ThrowIfNull(events);
        return
        [
            .. events.GroupBy(envelope => MonthOf(envelope.RecordedAt))
                .OrderBy(month => month.Key)
                .Select(month =>
                {
                    var run = month.ToList();
                    return new MonthDigest(
                        month.Key, run.Count, run[0].Position, run[^1].Position, EventRunDigest.Of(run));
                }),
        ];
    }
}
