using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using K1s0.EventStore.Telemetry;

namespace K1s0.EventStore.Tests;

/// <summary>Listens to the counter of events.</summary>
internal sealed class CountedEvents : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly ConcurrentQueue<(string Subscription, string Outcome)> _counted = new();

    public CountedEvents()
    {
        _listener.InstrumentPublished = static (instrument, listening) =>
        {
            if (instrument.Meter.Name is SubscriptionTelemetry.SourceName
                && instrument.Name is SubscriptionTelemetry.Events)
            {
                listening.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>(
            (_, _, tags, _) => _counted.Enqueue(((string)tags[0].Value!, (string)tags[1].Value!)));
        _listener.Start();
    }

    public IEnumerable<string> Of(string subscription) =>
        _counted.Where(one => string.Equals(one.Subscription, subscription, StringComparison.Ordinal))
            .Select(one => one.Outcome);

    public void Dispose() => _listener.Dispose();
}
