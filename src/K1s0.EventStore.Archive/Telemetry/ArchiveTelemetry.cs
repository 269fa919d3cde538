using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace K1s0.EventStore.Archive;

/// <summary>The names of what the archive measures and traces. Durations are in seconds.</summary>
public static class ArchiveTelemetry
{
    /// <summary>The name of the <see cref="ActivitySource"/> and the <see cref="Meter"/>.</summary>
    public const string SourceName = "K1s0.EventStore.Archive";

    /// <summary>
    /// Histogram, seconds: one step of a batch or a month, by <c>step</c> (<c>plan</c>, <c>upload</c>, <c>verify</c>,
    /// <c>list</c>, <c>prune</c>), and <c>error.type</c> when it failed. A span of this name goes with it.
    /// </summary>
    public const string StepDuration = "k1s0.eventstore.archive.step.duration";

    /// <summary>Counter: events by the <c>step</c> that they have passed.</summary>
    public const string Events = "k1s0.eventstore.archive.events";

    /// <summary>Counter, bytes: what was stored in the bucket.</summary>
    public const string StoredBytes = "k1s0.eventstore.archive.stored_bytes";

    /// <summary>Histogram, seconds: one read of archived events.</summary>
    public const string ReadDuration = "k1s0.eventstore.archive.read.duration";

    /// <summary>Counter, bytes: what reads fetched from the bucket.</summary>
    public const string FetchedBytes = "k1s0.eventstore.archive.fetched_bytes";

    /// <summary>Counter: partitions that reads looked into.</summary>
    public const string ScannedPartitions = "k1s0.eventstore.archive.scanned.partitions";

    /// <summary>Counter: batches that reads looked into.</summary>
    public const string ScannedBatches = "k1s0.eventstore.archive.scanned.batches";

    private static readonly ActivitySource Source = new(SourceName);
    private static readonly Meter Meter = new(SourceName);

    private static readonly Histogram<double> Steps = Meter.CreateHistogram<double>(StepDuration, "s", "Steps.");
    private static readonly Counter<long> EventCount = Meter.CreateCounter<long>(Events, "{event}", "Events by step.");
    private static readonly Counter<long> Stored = Meter.CreateCounter<long>(StoredBytes, "By", "Bytes stored.");
    private static readonly Histogram<double> Reads = Meter.CreateHistogram<double>(ReadDuration, "s", "Reads.");
    private static readonly Counter<long> Fetched = Meter.CreateCounter<long>(FetchedBytes, "By", "Bytes fetched.");
    private static readonly Counter<long> Partitions = Meter.CreateCounter<long>(
        ScannedPartitions, "{partition}", "Partitions that reads looked into.");

    private static readonly Counter<long> Batches = Meter.CreateCounter<long>(
        ScannedBatches, "{batch}", "Batches that reads looked into.");

    internal static void RecordScan(ArchiveScan scan)
    {
        Reads.Record(scan.Elapsed.TotalSeconds);
        Fetched.Add(scan.BytesFetched);
        Partitions.Add(scan.Partitions);
        Batches.Add(scan.Batches);
    }

    internal static void CountStored(long bytes) => Stored.Add(bytes);

    internal static async Task MeasureAsync(string step, long events, Func<Task> run)
    {
        using var activity = Source.StartActivity(StepDuration);
        activity?.SetTag("step", step).SetTag("events", events);
        var started = Stopwatch.GetTimestamp();
        TagList tags = new() { { "step", step } };
        try
        {
            await run().ConfigureAwait(false);
            EventCount.Add(events, tags);
        }
        catch (Exception e)
        {
            tags.Add("error.type", e.GetType().FullName);
            activity?.SetTag("error.type", e.GetType().FullName).SetStatus(ActivityStatusCode.Error);
            throw;
        }
        finally
        {
            Steps.Record(Stopwatch.GetElapsedTime(started).TotalSeconds, tags);
        }
    }
}
