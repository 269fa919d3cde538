using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace K1s0.EventStore.Sqlite.Telemetry;

/// <summary>The names of what this package measures and traces. Durations are in seconds.</summary>
public static class SqliteTelemetry
{
    /// <summary>The name of the <see cref="ActivitySource"/> and the <see cref="Meter"/>.</summary>
    public const string SourceName = "K1s0.EventStore.Sqlite";

    /// <summary>
    /// Histogram, seconds: one operation, by <c>operation</c>, <c>store</c>, and <c>error.type</c> when it failed.
    /// </summary>
    public const string OperationDuration = "k1s0.eventstore.operation.duration";

    /// <summary>Counter: events that were appended or read, by <c>operation</c> and <c>store</c>.</summary>
    public const string Events = "k1s0.eventstore.events";

    /// <summary>The span and the value of <c>operation</c> of an append.</summary>
    public const string AppendOperation = "eventstore append";

    /// <summary>The span and the value of <c>operation</c> of loading a stream.</summary>
    public const string LoadOperation = "eventstore load";

    /// <summary>The span and the value of <c>operation</c> of reading a page of the feed.</summary>
    public const string ReadFeedOperation = "eventstore read_feed";

    private static readonly ActivitySource Source = new(SourceName);
    private static readonly Meter Meter = new(SourceName);

    private static readonly Histogram<double> Durations = Meter.CreateHistogram<double>(
        OperationDuration, "s", "Duration of operations.");

    private static readonly Counter<long> EventCount = Meter.CreateCounter<long>(
        Events, "{event}", "Events appended or read.");

    internal static async Task<TResult> MeasureAsync<TResult>(
        string operation, string store, string? streamType, Func<Task<TResult>> run, Func<TResult, long> countEvents)
    {
        using var activity = Source.StartActivity(operation, ActivityKind.Client);
        activity?.SetTag("db.system.name", "sqlite").SetTag("store", store).SetTag("stream.type", streamType);
        var started = Stopwatch.GetTimestamp();
        TagList tags = new() { { "operation", operation }, { "store", store } };
        try
        {
            var result = await run().ConfigureAwait(false);
            var count = countEvents(result);
            EventCount.Add(count, tags);
            activity?.SetTag("events", count);
            return result;
        }
        catch (Exception e)
        {
            tags.Add("error.type", e.GetType().FullName);
            activity?.SetTag("error.type", e.GetType().FullName).SetStatus(ActivityStatusCode.Error);
            throw;
        }
        finally
        {
            Durations.Record(Stopwatch.GetElapsedTime(started).TotalSeconds, tags);
        }
    }
}
