using System.Diagnostics.Metrics;

namespace K1s0.EventStore.Telemetry;

/// <summary>The names of what the ledger measures. Durations are in seconds.</summary>
public static class LedgerTelemetry
{
    /// <summary>The name of the <see cref="Meter"/>.</summary>
    public const string SourceName = "K1s0.EventStore.Ledger";

    /// <summary>
    /// Gauge, seconds: the age of the oldest event that is not sealed, by <c>origin</c>; measured by every process,
    /// whether it seals or not.
    /// </summary>
    public const string Lag = "k1s0.eventstore.ledger.lag";

    /// <summary>Counter: leaves that this process sealed, by <c>origin</c>.</summary>
    public const string Leaves = "k1s0.eventstore.ledger.leaves";

    /// <summary>Counter: steps that failed, by <c>origin</c>, <c>step</c> and <c>error.type</c>.</summary>
    public const string Failures = "k1s0.eventstore.ledger.failures";

    private const string OriginTag = "origin";

    private static readonly Meter Meter = new(SourceName);
    private static readonly Gauge<double> LagGauge = Meter.CreateGauge<double>(Lag, "s", "Age of the oldest unsealed "
        + "event.");
    private static readonly Counter<long> LeafCount = Meter.CreateCounter<long>(Leaves, "{leaf}", "Leaves sealed.");
    private static readonly Counter<long> FailureCount = Meter.CreateCounter<long>(Failures, "{step}", "Failed steps.");

    internal static void RecordLag(string origin, TimeSpan lag) =>
        LagGauge.Record(lag.TotalSeconds, new KeyValuePair<string, object?>(OriginTag, origin));

    internal static void CountLeaves(string origin, int count) =>
        LeafCount.Add(count, new KeyValuePair<string, object?>(OriginTag, origin));

    internal static void CountFailure(string origin, string step, Exception reason) =>
        FailureCount.Add(
            1,
            new KeyValuePair<string, object?>(OriginTag, origin),
            new KeyValuePair<string, object?>("step", step),
            new KeyValuePair<string, object?>("error.type", reason.GetType().FullName));
}
