using System.Diagnostics.Metrics;

namespace K1s0.EventStore.Telemetry;

/// <summary>The names of what decoding measures.</summary>
public static class SerializationTelemetry
{
    /// <summary>The name of the <see cref="Meter"/>.</summary>
    public const string SourceName = "K1s0.EventStore";

    /// <summary>
    /// Counter: events that were not understood, by <c>outcome</c>: <c>refused</c> or <c>handed_over</c>.
    /// </summary>
    public const string NotUnderstood = "k1s0.eventstore.events.not_understood";

    private static readonly Meter Meter = new(SourceName);

    private static readonly Counter<long> NotUnderstoodCount = Meter.CreateCounter<long>(
        NotUnderstood, "{event}", "Events that were not understood.");

    internal static void CountNotUnderstood(UnknownEvents unknown) =>
        NotUnderstoodCount.Add(
            1,
            new KeyValuePair<string, object?>(
                "outcome", unknown is UnknownEvents.HandOver ? "handed_over" : "refused"));
}
