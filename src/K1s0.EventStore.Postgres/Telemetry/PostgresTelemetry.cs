using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace K1s0.EventStore.Postgres.Telemetry;

/// <summary>The names of what this package measures and traces. Durations are in seconds.</summary>
public static class PostgresTelemetry
{
    /// <summary>The name of the <see cref="ActivitySource"/> and the <see cref="Meter"/>.</summary>
    public const string SourceName = "K1s0.EventStore.Postgres";

    /// <summary>
    /// Histogram, seconds: one operation, by <c>operation</c>, <c>store</c>, and <c>error.type</c> when it failed.
    /// </summary>
    public const string OperationDuration = "k1s0.eventstore.operation.duration";

    /// <summary>
    /// Counter: events that were newly stored or read, by <c>operation</c> and <c>store</c>. A repeated append stores
    /// none.
    /// </summary>
    public const string Events = "k1s0.eventstore.events";

    /// <summary>Counter: attempts to append that were repeated, by <c>reason</c> and <c>store</c>.</summary>
    public const string AppendRetries = "k1s0.eventstore.append.retries";

    /// <summary>
    /// Gauge, positions: how far the settled bound was behind the last position when this process last asked for it (a
    /// page at the end of the feed asks, and so does <c>GetSettledBoundAsync</c>), by <c>store</c>.
    /// </summary>
    public const string FeedHeldBack = "k1s0.eventstore.feed.held_back";

    /// <summary>
    /// Gauge, seconds: for how long one transaction had held the feed back when this process last asked for the bound,
    /// by <c>store</c>, <c>pid</c> and <c>application</c> of the server process, or <c>gid</c> of a prepared
    /// transaction. Absent when nothing holds the feed back; 0 when the role may not see the age.
    /// </summary>
    public const string FeedHolderAge = "k1s0.eventstore.feed.holder.age";

    /// <summary>The span and the value of <c>operation</c> of an append.</summary>
    public const string AppendOperation = "eventstore append";

    /// <summary>The span and the value of <c>operation</c> of loading a stream.</summary>
    public const string LoadOperation = "eventstore load";

    /// <summary>The span and the value of <c>operation</c> of reading a page of the feed.</summary>
    public const string ReadFeedOperation = "eventstore read_feed";

    private static readonly ActivitySource Source = new(SourceName);

    // The stores of the containers that are alive.
    private static readonly ConcurrentDictionary<PostgresEventStore, bool> Observed = new();
    private static readonly Meter Meter = CreateMeter();

    private static readonly Histogram<double> Durations = Meter.CreateHistogram<double>(OperationDuration, "s",
        "Duration of operations.");
    private static readonly Counter<long> EventCount = Meter.CreateCounter<long>(Events, "{event}", "Events appended "
        + "or read.");
    private static readonly Counter<long> Retries = Meter.CreateCounter<long>(AppendRetries, "{attempt}",
        "Repeated attempts to append.");

    internal static void CountRetry(string store, AttemptOutcome reason) =>
        Retries.Add(1, new TagList { { "reason", reason.ToString() }, { "store", store } });

    /// <summary>From now on the gauges show what the store last learnt of its feed.</summary>
    internal static void Observe(PostgresEventStore store) => Observed.TryAdd(store, true);

    /// <summary>The gauges show the store no more.</summary>
    internal static void Forget(PostgresEventStore store) => Observed.TryRemove(store, out _);

    internal static async Task<TResult> MeasureAsync<TResult>(
        string operation, string store, string? streamType, Func<Task<TResult>> run, Func<TResult, long> countEvents)
    {
        using var activity = Source.StartActivity(operation, ActivityKind.Client);
        activity?.SetTag("db.system.name", "postgresql").SetTag("store", store).SetTag("stream.type", streamType);
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

    private static Meter CreateMeter()
    {
        var meter = new Meter(SourceName);
        meter.CreateObservableGauge(FeedHeldBack, ObserveHeldBack, "{position}", "Positions not settled yet.");
        meter.CreateObservableGauge(FeedHolderAge, ObserveHolders, "s", "Age of what holds the feed back.");
        return meter;
    }

    private static IEnumerable<Measurement<long>> ObserveHeldBack()
    {
        foreach (var (store, _) in Observed)
        {
            if (store.LastBound is { } bound)
            {
                yield return new Measurement<long>(
                    bound.LastPosition.Value - bound.Bound.Value, new TagList { { "store", store.Name } });
            }
        }
    }

    private static IEnumerable<Measurement<double>> ObserveHolders()
    {
        foreach (var (store, _) in Observed)
        {
            if (store.LastBound is { IsHeld: true } bound)
            {
                TagList tags = new() { { "store", store.Name } };
                if (bound.HolderPrepared is { } prepared)
                {
                    tags.Add("gid", prepared.Gid);
                }
                else
                {
                    tags.Add("pid", bound.HolderPid);
                    tags.Add("application", bound.HolderApplication);
                }

                yield return new Measurement<double>(bound.HeldFor?.TotalSeconds ?? 0, tags);
            }
        }
    }
}
