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

    private static readonly Meter Meter = new(SourceName);

    private static readonly Histogram<long> AppliedEventsHistogram = Meter.CreateHistogram<long>(
        AppliedEvents, "{event}", "Events that a load applied.");

    private static readonly Histogram<double> LoadDurationHistogram = Meter.CreateHistogram<double>(
        LoadDuration, "s", "How long a load took.");

    private static readonly Counter<long> ConflictCount = Meter.CreateCounter<long>(
        Conflicts, "{attempt}", "Commands that were decided again.");

    private static readonly Counter<long> IgnoredCount = Meter.CreateCounter<long>(
        Ignored, "{state}", "Remembered states that were not used.");

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
