using System.Diagnostics.Metrics;

namespace K1s0.EventStore.Telemetry;

/// <summary>The names of what aggregates measure. Durations are in seconds.</summary>
public static class AggregateTelemetry
{
    /// <summary>The name of the <see cref="Meter"/>.</summary>
    public const string SourceName = "K1s0.EventStore";

    /// <summary>Histogram: events that a load applied, by <c>state</c>.</summary>
    public const string AppliedEvents = "k1s0.eventstore.aggregate.applied_events";

    /// <summary>Histogram, seconds: how long a load took, by <c>state</c>.</summary>
    public const string LoadDuration = "k1s0.eventstore.aggregate.load.duration";

    /// <summary>Counter: commands that were decided again because others had appended, by <c>state</c>.</summary>
    public const string Conflicts = "k1s0.eventstore.aggregate.conflicts";

    /// <summary>
    /// Counter: remembered states that were not used, by <c>state</c>, <c>source</c> (<c>cache</c>, <c>snapshot</c>)
    /// and <c>reason</c>.
    /// </summary>
    public const string Ignored = "k1s0.eventstore.aggregate.ignored";

    /// <summary>
    /// Histogram, bytes: the states of snapshots that were taken, before compression, by <c>state</c>.
    /// </summary>
    public const string SnapshotOriginalBytes = "k1s0.eventstore.snapshot.original_bytes";

    /// <summary>Histogram, bytes: the same states as they are kept, by <c>state</c>.</summary>
    public const string SnapshotCompressedBytes = "k1s0.eventstore.snapshot.compressed_bytes";

    /// <summary>Counter: due snapshots that could not be taken, by <c>state</c> and <c>error.type</c>.</summary>
    public const string SnapshotFailures = "k1s0.eventstore.snapshot.failures";

    private static readonly Meter Meter = new(SourceName);

    private static readonly Histogram<long> AppliedEventsHistogram = Meter.CreateHistogram<long>(
        AppliedEvents, "{event}", "Events that a load applied.");

    private static readonly Histogram<double> LoadDurationHistogram = Meter.CreateHistogram<double>(
        LoadDuration, "s", "How long a load took.");

    private static readonly Counter<long> ConflictCount = Meter.CreateCounter<long>(
        Conflicts, "{attempt}", "Commands that were decided again.");

    private static readonly Counter<long> IgnoredCount = Meter.CreateCounter<long>(
        Ignored, "{state}", "Remembered states that were not used.");

    private static readonly Histogram<int> OriginalBytesHistogram = Meter.CreateHistogram<int>(
        SnapshotOriginalBytes, "By", "States of snapshots, before compression.");

    private static readonly Histogram<int> CompressedBytesHistogram = Meter.CreateHistogram<int>(
        SnapshotCompressedBytes, "By", "States of snapshots, as they are kept.");

    private static readonly Counter<long> FailureCount = Meter.CreateCounter<long>(
        SnapshotFailures, "{snapshot}", "Snapshots that were due and could not be taken.");

    internal static void RecordSnapshot<TState>(AggregateOptions<TState> options, SnapshotFrame frame)
    {
        OriginalBytesHistogram.Record(frame.OriginalBytes, State(options));
        CompressedBytesHistogram.Record(frame.CompressedBytes, State(options));
    }

    internal static void CountSnapshotFailure<TState>(AggregateOptions<TState> options, Exception reason) =>
        FailureCount.Add(1, State(options), new("error.type", reason.GetType().FullName));

    internal static void RecordLoad<TState>(AggregateOptions<TState> options, LoadedState<TState> loaded)
    {
        var state = State(options);
        AppliedEventsHistogram.Record(loaded.AppliedEvents, state);
        LoadDurationHistogram.Record(loaded.Duration.TotalSeconds, state);
    }

    internal static void CountConflict<TState>(AggregateOptions<TState> options) =>
        ConflictCount.Add(1, State(options));

    internal static void CountIgnored<TState>(AggregateOptions<TState> options, string source, string reason) =>
        IgnoredCount.Add(1, State(options), new("source", source), new("reason", reason));

    private static KeyValuePair<string, object?> State<TState>(AggregateOptions<TState> options) =>
        new("state", options.Format?.Name ?? typeof(TState).Name);
}
