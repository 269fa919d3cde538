using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using K1s0.EventStore.Postgres.Telemetry;

namespace K1s0.EventStore.Postgres.Tests.Telemetry;

/// <summary>What the package measures and traces, of one store only: other tests run at the same time.</summary>
internal sealed class Recording : IDisposable
{
    private readonly ActivityListener _activities;
    private readonly MeterListener _meters;
    private readonly string _store;

    public Recording(string store)
    {
        _store = store;
        _activities = new ActivityListener
        {
            ShouldListenTo = source => source.Name is PostgresTelemetry.SourceName,
            Sample = static (ref _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity =>
            {
                if (Equals(activity.GetTagItem("store"), _store))
                {
                    Activities.Enqueue(activity);
                }
            },
        };
        ActivitySource.AddActivityListener(_activities);
        _meters = new MeterListener
        {
            InstrumentPublished = static (instrument, listener) =>
            {
                if (instrument.Meter.Name is PostgresTelemetry.SourceName)
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        _meters.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Add(instrument, value, tags));
        _meters.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Add(instrument, value, tags));
        _meters.Start();
    }

    public ConcurrentQueue<Activity> Activities { get; } = new();

    public ConcurrentQueue<Measured> Measurements { get; } = new();

    public IReadOnlyList<Measured> Of(string instrument) =>
        [.. Measurements.Where(measured => string.Equals(measured.Instrument, instrument, StringComparison.Ordinal))];

    /// <summary>Lets the gauges say what they see now.</summary>
    public void Observe() => _meters.RecordObservableInstruments();

    public void Dispose()
    {
        _activities.Dispose();
        _meters.Dispose();
    }

    private void Add(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var found = new Dictionary<string, object?>(tags.ToArray(), StringComparer.Ordinal);
        if (found.TryGetValue("store", out var store) && Equals(store, _store))
        {
            Measurements.Enqueue(new Measured(instrument.Name, instrument.Unit, value, found));
        }
    }
}
