using System.Globalization;

namespace K1s0.EventStore.Archive;

/// <summary>How fast a partition was written.</summary>
/// <param name="Start">The hour, in UTC.</param>
/// <param name="Events">How many events it has.</param>
/// <param name="PeakEventsPerSecond">Events a second, on average over its busiest minute.</param>
public sealed record PartitionLoad(DateTimeOffset Start, long Events, double PeakEventsPerSecond)
{
    /// <summary>Its key: <c>events/yyyy/MM/dd/HH/</c>.</summary>
    public string Partition =>
        Start.UtcDateTime.ToString("'events/'yyyy'/'MM'/'dd'/'HH'/'", CultureInfo.InvariantCulture);
}
